/// An expression of a template, with the line that an error names.
struct JinjaExpression {
    let kind: Kind
    let line: Int
    /// How deep expressions are nested: evaluating recurses that far.
    let depth: Int

    indirect enum Kind {
        case constant(JinjaValue)
        case name(JinjaName)
        case list([JinjaExpression])
        case tuple([JinjaExpression])
        case dictionary([(JinjaExpression, JinjaExpression)])
        case attribute(JinjaExpression, String, [UInt8])
        case item(JinjaExpression, JinjaExpression)
        case slice(JinjaExpression, JinjaExpression?, JinjaExpression?, JinjaExpression?)
        case call(JinjaExpression, JinjaArguments)
        /// Without a value it filters what a block wrote.
        case filter(JinjaExpression?, JinjaFilter, JinjaArguments)
        case test(JinjaExpression, JinjaTest, JinjaArguments)
        case not(JinjaExpression)
        case negative(JinjaExpression)
        case positive(JinjaExpression)
        case and([JinjaExpression])
        case or([JinjaExpression])
        /// `a + b - c`, from the left.
        case sum(JinjaExpression, [(isAdded: Bool, JinjaExpression)])
        case binary(JinjaOperator, JinjaExpression, JinjaExpression)
        /// `a ~ b`
        case concatenation([JinjaExpression])
        /// `a < b <= c`
        case comparison(JinjaExpression, [(JinjaComparison, JinjaExpression)])
        /// `value if test else other`
        case conditional(test: JinjaExpression, JinjaExpression, JinjaExpression?)
    }

    private static let maximumDepth = 100

    init(_ kind: Kind, line: Int) throws {
        self.kind = kind
        self.line = line
        var deepest = 0
        kind.forEachChild { deepest = max(deepest, $0.depth) }
        depth = deepest + 1
        guard depth <= Self.maximumDepth else {
            throw JinjaFailure.limit("expressions nested deeper than \(Self.maximumDepth)").error(line: line)
        }
    }
}

extension JinjaExpression.Kind {
    func forEachChild(_ body: (JinjaExpression) throws -> Void) rethrows {
        switch self {
        case .constant, .name: break
        case .list(let items), .tuple(let items), .and(let items), .or(let items), .concatenation(let items):
            try items.forEach(body)
        case .dictionary(let pairs):
            for (key, value) in pairs {
                try body(key)
                try body(value)
            }
        case .attribute(let value, _, _), .not(let value), .negative(let value), .positive(let value): try body(value)
        case .item(let value, let other), .binary(_, let value, let other):
            try body(value)
            try body(other)
        case .slice(let value, let start, let stop, let step):
            try body(value)
            for bound in [start, stop, step] { if let bound { try body(bound) } }
        case .call(let value, let arguments), .test(let value, _, let arguments):
            try body(value)
            try arguments.forEachChild(body)
        case .filter(let value, _, let arguments):
            if let value { try body(value) }
            try arguments.forEachChild(body)
        case .sum(let first, let rest):
            try body(first)
            for (_, value) in rest { try body(value) }
        case .comparison(let first, let rest):
            try body(first)
            for (_, value) in rest { try body(value) }
        case .conditional(let test, let value, let other):
            try body(test)
            try body(value)
            if let other { try body(other) }
        }
    }
}

enum JinjaOperator: String { case multiply = "*", divide = "/", floorDivide = "//", remainder = "%", power = "**" }
enum JinjaComparison: String {
    case equal = "==", unequal = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">=", within =
        "in", notWithin = "not in"
}

/// The arguments of a call as they are written: `f(a, b, name=c, *d, **e)`.
struct JinjaArguments {
    var positional: [JinjaExpression] = []
    var named: [(name: String, value: JinjaExpression)] = []
    var spread: JinjaExpression?
    var spreadNamed: JinjaExpression?

    func forEachChild(_ body: (JinjaExpression) throws -> Void) rethrows {
        try positional.forEach(body)
        for (_, value) in named { try body(value) }
        if let spread { try body(spread) }
        if let spreadNamed { try body(spreadNamed) }
    }
}

/// A use of a variable. Where it is kept is found once the whole template is known.
final class JinjaName {
    let text: String
    let line: Int
    /// Functions to go out of, and the slot there.
    var hops = 0
    var slot = 0
    /// What reading it gives where nothing is stored.
    let undefined: JinjaValue

    init(_ text: String, line: Int) {
        self.text = text
        self.line = line
        undefined = .undefined(JinjaUndefined("'\(text)' is undefined"))
    }
}

/// What an assignment stores in.
indirect enum JinjaTarget {
    case name(JinjaName)
    case namespace(JinjaName, [UInt8])
    case tuple([JinjaTarget], line: Int)
}

enum JinjaStatement {
    case text([UInt8])
    case output(JinjaExpression)
    case conditional([(test: JinjaExpression, body: [JinjaStatement])], otherwise: [JinjaStatement])
    case loop(JinjaLoop)
    case assignment(JinjaTarget, JinjaExpression, line: Int)
    case block(JinjaBlock)
    case macro(JinjaMacro, JinjaName)
    case call(JinjaExpression, JinjaMacro)
    case generation(JinjaMacro)
    case endIteration(isBreak: Bool)
}

/// What happens to a scope's variables where it begins.
struct JinjaFrame {
    enum Load {
        /// Stored at the start of the scope: an argument, the target of a loop.
        case parameter
        case clear
        /// What the name means outside: to be copied, so that assignments inside do not reach it.
        case copy(JinjaName)
        case value(JinjaValue)
        case messages, tools, addsGenerationPrompt
    }

    var loads: [(slot: Int, load: Load)] = []
}

final class JinjaLoop {
    let target: JinjaTarget, values: JinjaExpression, test: JinjaExpression?, body: [JinjaStatement],
        otherwise: [JinjaStatement]
    let line: Int
    /// The condition has variables of its own, for Jinja makes a function of it.
    let testTarget: JinjaTarget?
    /// The slot of `loop`, where the body speaks of it.
    var state: JinjaName?
    var frame = JinjaFrame(), testFrame = JinjaFrame(), otherwiseFrame = JinjaFrame()

    init(
        _ target: JinjaTarget,
        testTarget: JinjaTarget?,
        in values: JinjaExpression,
        if test: JinjaExpression?,
        _ body: [JinjaStatement],
        otherwise: [JinjaStatement],
        line: Int
    ) {
        (self.target, self.testTarget, self.values, self.test, self.body, self.otherwise, self.line) = (
            target, testTarget, values, test, body, otherwise, line
        )
    }
}

/// `{% set x %}...`, `{% filter f %}...` and `{% with x = 1 %}...`: a body with a scope of its own.
final class JinjaBlock {
    enum Kind {
        case assignment(JinjaTarget, JinjaExpression?)
        case filter(JinjaExpression)
        case with([(JinjaTarget, JinjaExpression)])
    }

    let kind: Kind, body: [JinjaStatement], line: Int
    var frame = JinjaFrame()

    init(_ kind: Kind, _ body: [JinjaStatement], line: Int) { (self.kind, self.body, self.line) = (kind, body, line) }
}

/// A macro, or the body of a call block.
final class JinjaMacro {
    let name: String?
    let parameters: [JinjaName], defaults: [JinjaExpression], body: [JinjaStatement]
    let line: Int
    var caller: JinjaName?, keywords: JinjaName?, variadic: JinjaName?
    var hasExplicitCaller = false
    var frame = JinjaFrame()
    var slotCount = 0

    init(_ name: String?, _ parameters: [JinjaName], _ defaults: [JinjaExpression], _ body: [JinjaStatement], line: Int)
    {
        (self.name, self.parameters, self.defaults, self.body, self.line) = (name, parameters, defaults, body, line)
    }
}

/// A value of a template, as Python would hold it. All but namespaces, loops and generators are immutable, as
/// transformers' sandbox has it; text is UTF-8, whose characters are Unicode scalars.
enum JinjaValue {
    /// A slot that nothing was stored in; read, it becomes `undefined`.
    case missing
    case undefined(JinjaUndefined)
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string([UInt8])
    /// What `safe` gives: printed unescaped. Python's arithmetic on it escapes; that is refused.
    case markup([UInt8])
    case list(JinjaSequence)
    case tuple(JinjaSequence)
    case dictionary(JinjaDictionary)
    /// `dict.items()`, `keys()`, `values()`, by Python's name for them.
    case view(JinjaSequence, StaticName)
    case range(JinjaRange)
    case generator(JinjaGenerator)
    case namespace(JinjaNamespace)
    case loop(JinjaLoopState)
    case macro(JinjaMacroValue)
    case function(JinjaFunction)
    case method(JinjaMethod)

    enum StaticName: String { case dict_items, dict_keys, dict_values }

    static func text(_ text: String) -> JinjaValue { .string(Array(text.utf8)) }

    /// Python's name for the type.
    var typeName: String {
        switch self {
        case .missing, .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string: "str"
        case .markup: "Markup"
        case .list: "list"
        case .tuple: "tuple"
        case .dictionary: "dict"
        case .view(_, let name): name.rawValue
        case .range: "range"
        case .generator: "generator"
        case .namespace: "Namespace"
        case .loop: "LoopContext"
        case .macro: "Macro"
        case .function: "function"
        case .method: "method"
        }
    }

    /// How deep values are nested: freeing, comparing and printing them recurse that far.
    var depth: Int {
        switch self {
        case .list(let items), .tuple(let items), .view(let items, _): items.depth
        case .dictionary(let dictionary): dictionary.depth
        case .generator(let generator): generator.depth
        case .loop(let loop): loop.depth
        case .method(let method): method.receiver.depth + 1
        default: 0
        }
    }

    var isTrue: Bool {
        switch self {
        case .missing, .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .float(let value): value != 0
        case .string(let text), .markup(let text): !text.isEmpty
        case .list(let items), .tuple(let items), .view(let items, _): !items.values.isEmpty
        case .dictionary(let dictionary): dictionary.count > 0
        case .range(let range): range.count > 0
        case .generator, .namespace, .loop, .macro, .function, .method: true
        }
    }

    var isUndefined: Bool {
        switch self {
        case .missing, .undefined: true
        default: false
        }
    }

    /// A whole number where Python takes one: True is 1.
    var index: Int? {
        switch self {
        case .int(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    var bytes: [UInt8]? {
        switch self {
        case .string(let text), .markup(let text): text
        default: nil
        }
    }
}

/// Why a value is undefined, for the error of its use.
final class JinjaUndefined: Sendable {
    let message: String
    init(_ message: String) { self.message = message }
}

/// The deepest nesting of values.
let jinjaMaximumDepth = 64

final class JinjaSequence {
    let values: [JinjaValue]
    let depth: Int

    /// - Throws: where the values are nested too deep.
    init(_ values: [JinjaValue]) throws {
        self.values = values
        var deepest = 0
        for value in values { deepest = max(deepest, value.depth) }
        depth = deepest + 1
        guard depth <= jinjaMaximumDepth else {
            throw JinjaFailure.limit("values nested deeper than \(jinjaMaximumDepth)")
        }
    }
}

/// A `dict`: in the order of insertion, its keys compared as Python compares them (1, 1.0 and True are one).
final class JinjaDictionary {
    let keys: [JinjaValue]
    let values: [JinjaValue]
    let depth: Int
    /// Only where there are too many to compare one by one.
    private let places: [JinjaKey: Int]

    var count: Int { keys.count }

    init(_ pairs: [(JinjaValue, JinjaValue)]) throws {
        var keys: [JinjaValue] = [], values: [JinjaValue] = [], places: [JinjaKey: Int] = [:]
        for (key, value) in pairs {
            let hashed = try JinjaKey(key)
            if let place = places[hashed] {
                values[place] = value
            } else {
                places[hashed] = keys.count
                keys.append(key)
                values.append(value)
            }
        }
        self.keys = keys
        self.values = values
        self.places = keys.count > 8 ? places : [:]
        var deepest = 0
        for value in keys + values { deepest = max(deepest, value.depth) }
        depth = deepest + 1
        guard depth <= jinjaMaximumDepth else {
            throw JinjaFailure.limit("values nested deeper than \(jinjaMaximumDepth)")
        }
    }

    /// A dictionary of flat values under different names.
    init(names: [JinjaValue], flat values: [JinjaValue]) {
        keys = names
        self.values = values
        places = [:]
        depth = 1
    }

    func find(_ name: [UInt8]) -> JinjaValue? {
        if !places.isEmpty { return places[.string(name)].map { values[$0] } }
        for index in 0..<keys.count {
            if case .string(let key) = keys[index], key == name { return values[index] }
        }
        return nil
    }

    /// - Throws: for a key that Python cannot hash.
    func find(_ key: JinjaValue) throws -> JinjaValue? {
        if case .string(let name) = key { return find(name) }
        let hashed = try JinjaKey(key)
        if !places.isEmpty { return places[hashed].map { values[$0] } }
        for index in 0..<keys.count where try JinjaKey(keys[index]) == hashed { return values[index] }
        return nil
    }
}

/// A value as the key of a dictionary.
enum JinjaKey: Hashable {
    case none, undefined
    case int(Int)
    case float(Double)
    case string([UInt8])
    indirect case tuple([JinjaKey])

    init(_ value: JinjaValue) throws {
        switch value {
        case .none: self = .none
        case .undefined, .missing: self = .undefined
        case .bool(let value): self = .int(value ? 1 : 0)
        case .int(let value): self = .int(value)
        case .float(let value): self = Int(exactly: value).map { .int($0) } ?? .float(value)
        case .string(let text), .markup(let text): self = .string(text)
        case .tuple(let items): self = .tuple(try items.values.map { try JinjaKey($0) })
        case .list, .dictionary, .view: throw JinjaFailure.python("unhashable type: '\(value.typeName)'")
        default: throw JinjaFailure.unsupported("a \(value.typeName) as a key")
        }
    }
}

struct JinjaRange {
    let start: Int, step: Int, count: Int
    let stop: Int

    /// At most 100,000 numbers, as the sandbox has it.
    init(_ start: Int, _ stop: Int, _ step: Int) throws {
        guard step != 0 else { throw JinjaFailure.python("range() arg 3 must not be zero") }
        let bound = 1 << 62
        guard [start, stop, step].allSatisfy({ $0 > -bound / 2 && $0 < bound / 2 }) else {
            throw JinjaFailure.python("range too big")
        }
        let span = step > 0 ? stop - start : start - stop
        let stride = abs(step)
        count = span > 0 ? (span - 1) / stride + 1 : 0
        guard count <= 100_000 else {
            throw JinjaFailure.python("range too big: the sandbox blocks ranges of more than 100000")
        }
        (self.start, self.stop, self.step) = (start, stop, step)
    }

    init(start: Int, step: Int, count: Int) {
        (self.start, self.step, self.count) = (start, step, count)
        stop = start &+ step &* count
    }

    /// - Precondition: `index` is within.
    subscript(index: Int) -> JinjaValue { .int(start + index * step) }
    var values: [JinjaValue] { (0..<count).map { self[$0] } }
}

/// What Python makes lazily: read once, item by item.
final class JinjaGenerator {
    private var produce: (() throws -> JinjaValue?)?
    let depth: Int

    init(over source: Int, _ produce: @escaping () throws -> JinjaValue?) throws {
        self.produce = produce
        depth = source + 1
        guard depth <= jinjaMaximumDepth else {
            throw JinjaFailure.limit("generators nested deeper than \(jinjaMaximumDepth)")
        }
    }

    func next() throws -> JinjaValue? {
        guard let produce else { return nil }
        if let value = try produce() { return value }
        self.produce = nil
        return nil
    }

    /// A rendering that ends lets go of what its generators hold.
    func drop() { produce = nil }
}

final class JinjaNamespace {
    var names: [[UInt8]] = []
    var values: [JinjaValue] = []

    func find(_ name: [UInt8]) -> JinjaValue? { names.firstIndex(of: name).map { values[$0] } }

    func set(_ name: [UInt8], _ value: JinjaValue) throws {
        if name.first == UInt8(ascii: "_") {
            throw JinjaFailure.python("chat templates cannot store names that begin with _ on a namespace")
        }
        if let index = names.firstIndex(of: name) {
            values[index] = value
        } else {
            guard names.count < 1000 else { throw JinjaFailure.limit("a namespace of more than 1000 names") }
            names.append(name)
            values.append(value)
        }
    }
}

/// A macro, with the variables around its definition.
final class JinjaMacroValue {
    let definition: JinjaMacro
    let scope: JinjaActivation
    init(_ definition: JinjaMacro, _ scope: JinjaActivation) { (self.definition, self.scope) = (definition, scope) }
}

/// A method that was taken from its receiver and not yet called.
final class JinjaMethod {
    let receiver: JinjaValue
    let name: String
    init(_ receiver: JinjaValue, _ name: String) { (self.receiver, self.name) = (receiver, name) }
}

/// The functions that transformers lets a template call.
enum JinjaFunction: String, CaseIterable {
    case range, namespace, dict, raise_exception, strftime_now
    /// Jinja has them; here they are known only to be refused where they are called.
    case lipsum, cycler, joiner
    case template = "self"
}

/// The variables of the template's own level, or of one call of a macro.
final class JinjaActivation {
    var slots: [JinjaValue]
    let parent: JinjaActivation?
    var isRegistered = false

    init(_ count: Int, _ parent: JinjaActivation?) {
        slots = Array(repeating: .missing, count: count)
        self.parent = parent
    }
}

/// Reads a template's statements as jinja2's `parser.py` does, with transformers' `generation` and the loop controls.
struct JinjaParser {
    var tokens: [JinjaToken]
    var position = 0
    private var nesting = 0
    /// Loops around this place, within its own function: `break` needs one.
    private var loops = 0

    private static let maximumNesting = 60

    static func parse(_ tokens: [JinjaToken]) throws -> [JinjaStatement] {
        var parser = JinjaParser(tokens: tokens)
        return try parser.statements(until: [])
    }

    private init(tokens: [JinjaToken]) { self.tokens = tokens }

    // MARK: Tokens

    /// The last token is the end, which is never passed.
    var current: JinjaToken { tokens[min(position, tokens.count - 1)] }
    var following: JinjaToken { tokens[min(position + 1, tokens.count - 1)] }
    var line: Int { current.line }

    mutating func advance() { position += 1 }

    func isNext(_ kind: JinjaToken.Kind) -> Bool { current.kind == kind }
    func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }

    mutating func skip(_ kind: JinjaToken.Kind) -> Bool {
        guard isNext(kind) else { return false }
        advance()
        return true
    }

    mutating func expect(_ kind: JinjaToken.Kind) throws {
        guard skip(kind) else { throw fault("expected \(Self.words(kind)), found \(Self.words(current.kind))") }
    }

    mutating func expectName() throws -> String {
        guard case .name(let name) = current.kind else {
            throw fault("expected a name, found \(Self.words(current.kind))")
        }
        advance()
        return name
    }

    func fault(_ message: String) -> JinjaError { JinjaFailure.python(message).error(line: line) }
    func refusal(_ what: String) -> JinjaError { JinjaFailure.unsupported(what).error(line: line) }

    private static func words(_ kind: JinjaToken.Kind) -> String {
        switch kind {
        case .data: "text"
        case .string: "a string"
        case .name(let name): "'\(name.prefix(40))'"
        case .symbol(let symbol): "'\(symbol)'"
        case .integer, .float: "a number"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .end: "the end of the template"
        }
    }

    /// One level deeper, for as long as `body` takes.
    mutating func nested<Result>(_ body: (inout JinjaParser) throws -> Result) throws -> Result {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.maximumNesting else {
            throw JinjaFailure.limit("nested deeper than \(Self.maximumNesting)").error(line: line)
        }
        return try body(&self)
    }

    // MARK: Statements

    /// Up to one of the words, which is left as the current token; with none, up to the end of the template.
    private mutating func statements(until words: Set<String>) throws -> [JinjaStatement] {
        try nested { try $0.flatStatements(until: words) }
    }

    private mutating func flatStatements(until words: Set<String>) throws -> [JinjaStatement] {
        var out: [JinjaStatement] = []
        while true {
            switch current.kind {
            case .data(let text):
                out.append(.text(text))
                advance()
            case .variableBegin:
                advance()
                out.append(.output(try tuple()))
                try expect(.variableEnd)
            case .blockBegin:
                advance()
                if case .name(let name) = current.kind, words.contains(name) { return out }
                out += try statement()
                try expect(.blockEnd)
            default:
                guard words.isEmpty else {
                    throw fault("the template ends where \(words.sorted().joined(separator: " or ")) is expected")
                }
                return out
            }
        }
    }

    /// The body of a statement, to the word that ends it.
    private mutating func body(until words: Set<String>) throws -> [JinjaStatement] {
        _ = skip(.symbol(":"))
        try expect(.blockEnd)
        return try statements(until: words)
    }

    /// The same in a function of its own, which no `break` leaves.
    private mutating func functionBody(until word: String) throws -> [JinjaStatement] {
        let outer = loops
        loops = 0
        defer { loops = outer }
        let body = try body(until: [word])
        advance()
        return body
    }

    private mutating func statement() throws -> [JinjaStatement] {
        let line = line
        switch try expectName() {
        case "for": return [try loop(line)]
        case "if": return [try conditional()]
        case "set": return [try assignment(line)]
        case "macro":
            let name = try expectName()
            let macro = try signature(name: name, until: "endmacro", line)
            return [.macro(macro, JinjaName(name, line: line))]
        case "call":
            let (parameters, defaults) = isSymbol("(") ? try parameters() : ([], [])
            let call = try expression()
            guard case .call = call.kind else { throw fault("expected a call") }
            return [.call(call, JinjaMacro(nil, parameters, defaults, try functionBody(until: "endcall"), line: line))]
        case "generation":
            return [.generation(JinjaMacro(nil, [], [], try functionBody(until: "endgeneration"), line: line))]
        case "filter":
            let filter = try filters(nil, startsInline: true)!
            let body = try body(until: ["endfilter"])
            advance()
            return [.block(JinjaBlock(.filter(filter), body, line: line))]
        case "with": return [try with(line)]
        case "print":
            var out: [JinjaStatement] = []
            while !isNext(.blockEnd) {
                if !out.isEmpty { try expect(.symbol(",")) }
                out.append(.output(try expression()))
            }
            return out
        case let word where word == "break" || word == "continue":
            guard loops > 0 else { throw fault("'\(word)' outside of a loop") }
            return [.endIteration(isBreak: word == "break")]
        case let word where ["extends", "include", "import", "from", "block", "autoescape"].contains(word):
            throw refusal("the statement '\(word)'")
        case let word: throw fault("unknown tag '\(word.prefix(40))'")
        }
    }

    private mutating func loop(_ line: Int) throws -> JinjaStatement {
        let start = position
        let target = try self.target(until: "in")
        let end = position
        try expect(.name("in"))
        let values = try tuple(allowsConditional: false, until: "recursive")
        let test = skip(.name("if")) ? try expression() : nil
        if isNext(.name("recursive")) { throw refusal("a recursive loop") }
        loops += 1
        defer { loops -= 1 }
        let body = try body(until: ["endfor", "else"])
        var otherwise: [JinjaStatement] = []
        if skip(.name("else")) {
            loops -= 1
            defer { loops += 1 }
            otherwise = try self.body(until: ["endfor"])
        }
        advance()
        // The condition's own copy of the target: the same tokens once more.
        var testTarget: JinjaTarget?
        if test != nil {
            let resume = position
            position = start
            testTarget = try self.target(until: "in")
            assert(position == end)
            position = resume
        }
        return .loop(
            JinjaLoop(target, testTarget: testTarget, in: values, if: test, body, otherwise: otherwise, line: line)
        )
    }

    private mutating func conditional() throws -> JinjaStatement {
        var branches: [(test: JinjaExpression, body: [JinjaStatement])] = []
        while true {
            let test = try tuple(allowsConditional: false)
            branches.append((test, try body(until: ["elif", "else", "endif"])))
            if skip(.name("elif")) { continue }
            var otherwise: [JinjaStatement] = []
            if skip(.name("else")) { otherwise = try body(until: ["endif"]) }
            advance()
            return .conditional(branches, otherwise: otherwise)
        }
    }

    private mutating func assignment(_ line: Int) throws -> JinjaStatement {
        let target = try self.target(until: nil, allowsNamespace: true)
        if skip(.symbol("=")) { return .assignment(target, try tuple(), line: line) }
        let filter = try filters(nil, startsInline: false)
        let body = try body(until: ["endset"])
        advance()
        return .block(JinjaBlock(.assignment(target, filter), body, line: line))
    }

    private mutating func with(_ line: Int) throws -> JinjaStatement {
        var variables: [(JinjaTarget, JinjaExpression)] = []
        while !isNext(.blockEnd) {
            if !variables.isEmpty { try expect(.symbol(",")) }
            // One target each: after a comma comes the next variable.
            let target = try self.target(until: nil)
            try expect(.symbol("="))
            variables.append((target, try expression()))
        }
        let body = try body(until: ["endwith"])
        advance()
        return .block(JinjaBlock(.with(variables), body, line: line))
    }

    private mutating func signature(name: String, until word: String, _ line: Int) throws -> JinjaMacro {
        let (parameters, defaults) = try parameters()
        return JinjaMacro(name, parameters, defaults, try functionBody(until: word), line: line)
    }

    private mutating func parameters() throws -> ([JinjaName], [JinjaExpression]) {
        var parameters: [JinjaName] = [], defaults: [JinjaExpression] = []
        try expect(.symbol("("))
        while !isSymbol(")") {
            if !parameters.isEmpty { try expect(.symbol(",")) }
            let line = line
            parameters.append(JinjaName(try assignable(try expectName()), line: line))
            if skip(.symbol("=")) {
                defaults.append(try expression())
            } else if !defaults.isEmpty {
                throw fault("a parameter without a default follows one with a default")
            }
        }
        advance()
        guard Set(parameters.map(\.text)).count == parameters.count else { throw fault("a parameter occurs twice") }
        return (parameters, defaults)
    }

    // MARK: Targets

    private func assignable(_ name: String) throws -> String {
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
            throw fault("cannot assign to '\(name)'")
        }
        return name
    }

    private mutating func target(until word: String?, allowsNamespace: Bool = false) throws -> JinjaTarget {
        let line = line
        var targets: [JinjaTarget] = []
        var isTuple = false
        while true {
            if !targets.isEmpty { try expect(.symbol(",")) }
            if isTargetEnd(word) { break }
            targets.append(try singleTarget(allowsNamespace: allowsNamespace))
            guard isSymbol(",") else { break }
            isTuple = true
        }
        if !isTuple {
            guard let target = targets.first else { throw fault("expected a name to assign to") }
            return target
        }
        return .tuple(targets, line: line)
    }

    private func isTargetEnd(_ word: String?) -> Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(")"): true
        case .name(let name): name == word
        default: false
        }
    }

    private mutating func singleTarget(allowsNamespace: Bool) throws -> JinjaTarget {
        if skip(.symbol("(")) {
            let target = try nested { try $0.target(until: nil) }
            try expect(.symbol(")"))
            return target
        }
        let line = line
        let name = try expectName()
        if allowsNamespace, skip(.symbol(".")) {
            return .namespace(JinjaName(name, line: line), Array(try expectName().utf8))
        }
        return .name(JinjaName(try assignable(name), line: line))
    }
}

/// Expressions, the loosest first: conditional, or, and, not, comparisons, sums, `~`, products, powers, signs, then
/// what follows a value.
extension JinjaParser {
    /// `a` or `a, b`.
    mutating func tuple(allowsConditional: Bool = true, until word: String? = nil, isParenthesized: Bool = false) throws
        -> JinjaExpression
    {
        let line = line
        var items: [JinjaExpression] = []
        var isTuple = false
        while true {
            if !items.isEmpty { try expect(.symbol(",")) }
            if isTupleEnd(word) { break }
            items.append(try expression(allowsConditional: allowsConditional))
            guard isSymbol(",") else { break }
            isTuple = true
        }
        if !isTuple {
            if let item = items.first { return item }
            guard isParenthesized else { throw fault("expected an expression") }
        }
        return try JinjaExpression(.tuple(items), line: line)
    }

    private func isTupleEnd(_ word: String?) -> Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(")"): true
        case .name(let name): name == word
        default: false
        }
    }

    mutating func expression(allowsConditional: Bool = true) throws -> JinjaExpression {
        try nested { try allowsConditional ? $0.conditional() : $0.disjunction() }
    }

    private mutating func conditional() throws -> JinjaExpression {
        let line = line
        var value = try disjunction()
        while skip(.name("if")) {
            let test = try disjunction()
            let other = skip(.name("else")) ? try nested { try $0.conditional() } : nil
            value = try JinjaExpression(.conditional(test: test, value, other), line: line)
        }
        return value
    }

    private mutating func disjunction() throws -> JinjaExpression {
        let line = line
        var items = [try conjunction()]
        while skip(.name("or")) { items.append(try conjunction()) }
        return items.count == 1 ? items[0] : try JinjaExpression(.or(items), line: line)
    }

    private mutating func conjunction() throws -> JinjaExpression {
        let line = line
        var items = [try negation()]
        while skip(.name("and")) { items.append(try negation()) }
        return items.count == 1 ? items[0] : try JinjaExpression(.and(items), line: line)
    }

    private mutating func negation() throws -> JinjaExpression {
        let line = line
        if skip(.name("not")) { return try JinjaExpression(.not(try nested { try $0.negation() }), line: line) }
        return try comparison()
    }

    private mutating func comparison() throws -> JinjaExpression {
        let line = line
        let first = try sum()
        var rest: [(JinjaComparison, JinjaExpression)] = []
        while true {
            if case .symbol(let symbol) = current.kind, let comparison = JinjaComparison(rawValue: symbol) {
                advance()
                rest.append((comparison, try sum()))
            } else if skip(.name("in")) {
                rest.append((.within, try sum()))
            } else if isNext(.name("not")), following.kind == .name("in") {
                position += 2
                rest.append((.notWithin, try sum()))
            } else {
                return rest.isEmpty ? first : try JinjaExpression(.comparison(first, rest), line: line)
            }
        }
    }

    private mutating func sum() throws -> JinjaExpression {
        let line = line
        let first = try concatenation()
        var rest: [(isAdded: Bool, JinjaExpression)] = []
        while isSymbol("+") || isSymbol("-") {
            let isAdded = isSymbol("+")
            advance()
            rest.append((isAdded, try concatenation()))
        }
        return rest.isEmpty ? first : try JinjaExpression(.sum(first, rest), line: line)
    }

    private mutating func concatenation() throws -> JinjaExpression {
        let line = line
        var items = [try product()]
        while skip(.symbol("~")) { items.append(try product()) }
        return items.count == 1 ? items[0] : try JinjaExpression(.concatenation(items), line: line)
    }

    private mutating func product() throws -> JinjaExpression {
        let line = line
        var value = try power()
        while case .symbol(let symbol) = current.kind, symbol != "**", let operation = JinjaOperator(rawValue: symbol) {
            advance()
            value = try JinjaExpression(.binary(operation, value, try power()), line: line)
        }
        return value
    }

    /// From the left, unlike Python's.
    private mutating func power() throws -> JinjaExpression {
        let line = line
        var value = try unary()
        while skip(.symbol("**")) { value = try JinjaExpression(.binary(.power, value, try unary()), line: line) }
        return value
    }

    private mutating func unary(withFilters: Bool = true) throws -> JinjaExpression {
        let line = line
        var value: JinjaExpression
        if skip(.symbol("-")) {
            value = try JinjaExpression(.negative(try nested { try $0.unary(withFilters: false) }), line: line)
        } else if skip(.symbol("+")) {
            value = try JinjaExpression(.positive(try nested { try $0.unary(withFilters: false) }), line: line)
        } else {
            value = try primary()
        }
        value = try postfix(value)
        guard withFilters else { return value }
        while true {
            if isSymbol("|") {
                value = try filters(value, startsInline: false)!
            } else if isNext(.name("is")) {
                value = try test(value)
            } else if isSymbol("(") {
                value = try call(value)
            } else {
                return value
            }
        }
    }

    private mutating func primary() throws -> JinjaExpression {
        let line = line
        let kind = current.kind
        switch kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return try JinjaExpression(.constant(.bool(true)), line: line)
            case "false", "False": return try JinjaExpression(.constant(.bool(false)), line: line)
            case "none", "None": return try JinjaExpression(.constant(.none), line: line)
            default: return try JinjaExpression(.name(JinjaName(name, line: line)), line: line)
            }
        case .string(var text):
            advance()
            while case .string(let more) = current.kind {
                text += more
                advance()
            }
            return try JinjaExpression(.constant(.string(text)), line: line)
        case .integer(let value):
            advance()
            return try JinjaExpression(.constant(.int(value)), line: line)
        case .float(let value):
            advance()
            return try JinjaExpression(.constant(.float(value)), line: line)
        case .symbol("("):
            advance()
            let value = try nested { try $0.tuple(isParenthesized: true) }
            try expect(.symbol(")"))
            return value
        case .symbol("["):
            advance()
            var items: [JinjaExpression] = []
            while !isSymbol("]") {
                if !items.isEmpty { try expect(.symbol(",")) }
                if isSymbol("]") { break }
                items.append(try expression())
            }
            advance()
            return try JinjaExpression(.list(items), line: line)
        case .symbol("{"):
            advance()
            var pairs: [(JinjaExpression, JinjaExpression)] = []
            while !isSymbol("}") {
                if !pairs.isEmpty { try expect(.symbol(",")) }
                if isSymbol("}") { break }
                let key = try expression()
                try expect(.symbol(":"))
                pairs.append((key, try expression()))
            }
            advance()
            return try JinjaExpression(.dictionary(pairs), line: line)
        default: throw fault("unexpected token in an expression")
        }
    }

    // MARK: What follows a value

    private mutating func postfix(_ first: JinjaExpression) throws -> JinjaExpression {
        var value = first
        while true {
            if isSymbol(".") {
                value = try attribute(value)
            } else if isSymbol("[") {
                value = try subscripted(value)
            } else if isSymbol("(") {
                value = try call(value)
            } else {
                return value
            }
        }
    }

    private mutating func attribute(_ value: JinjaExpression) throws -> JinjaExpression {
        let line = line
        advance()
        if case .integer(let index) = current.kind {
            advance()
            return try JinjaExpression(
                .item(value, try JinjaExpression(.constant(.int(index)), line: line)),
                line: line
            )
        }
        let name = try expectName()
        return try JinjaExpression(.attribute(value, name, Array(name.utf8)), line: line)
    }

    private mutating func subscripted(_ value: JinjaExpression) throws -> JinjaExpression {
        let line = line
        advance()
        var first: JinjaExpression?
        if !isSymbol(":") {
            let index = try expression()
            if skip(.symbol("]")) { return try JinjaExpression(.item(value, index), line: line) }
            guard isSymbol(":") else {
                throw isSymbol(",") ? refusal("a subscript of several parts") : fault("expected ']'")
            }
            first = index
        }
        advance()
        func isBoundEnd() -> Bool { isSymbol("]") || isSymbol(":") }
        let second = isBoundEnd() ? nil : try expression()
        let third = skip(.symbol(":")) && !isSymbol("]") ? try expression() : nil
        guard skip(.symbol("]")) else {
            throw isSymbol(",") ? refusal("a subscript of several parts") : fault("expected ']'")
        }
        return try JinjaExpression(.slice(value, first, second, third), line: line)
    }

    private mutating func call(_ value: JinjaExpression) throws -> JinjaExpression {
        let line = line
        return try JinjaExpression(.call(value, try arguments()), line: line)
    }

    private mutating func arguments() throws -> JinjaArguments {
        var arguments = JinjaArguments()
        try expect(.symbol("("))
        var needsComma = false
        while !isSymbol(")") {
            if needsComma {
                try expect(.symbol(","))
                if isSymbol(")") { break }
            }
            needsComma = true
            if isSymbol("*") {
                guard arguments.spread == nil, arguments.spreadNamed == nil else {
                    throw fault("invalid syntax of a call")
                }
                advance()
                arguments.spread = try expression()
            } else if isSymbol("**") {
                guard arguments.spreadNamed == nil else { throw fault("invalid syntax of a call") }
                advance()
                arguments.spreadNamed = try expression()
            } else if case .name(let name) = current.kind, following.kind == .symbol("=") {
                guard arguments.spreadNamed == nil, !arguments.named.contains(where: { $0.name == name }) else {
                    throw fault("invalid syntax of a call")
                }
                position += 2
                arguments.named.append((name, try expression()))
            } else {
                guard arguments.spread == nil, arguments.spreadNamed == nil, arguments.named.isEmpty else {
                    throw fault("invalid syntax of a call")
                }
                arguments.positional.append(try expression())
            }
        }
        advance()
        return arguments
    }

    private mutating func dottedName() throws -> String {
        var name = try expectName()
        while skip(.symbol(".")) { name += "." + (try expectName()) }
        return name
    }

    /// Filters in a row; `startsInline` for the first of a filter block, which has no `|` before it.
    mutating func filters(_ first: JinjaExpression?, startsInline: Bool) throws -> JinjaExpression? {
        var value = first
        var isFirst = startsInline
        while isFirst || skip(.symbol("|")) {
            isFirst = false
            let line = line
            let name = try dottedName()
            guard let filter = JinjaFilter(rawValue: name) else {
                throw JinjaFailure.unsupported("the filter '\(name.prefix(40))'").error(line: line)
            }
            let arguments = isSymbol("(") ? try self.arguments() : JinjaArguments()
            value = try JinjaExpression(.filter(value, filter, arguments), line: line)
        }
        return value
    }

    private mutating func test(_ value: JinjaExpression) throws -> JinjaExpression {
        let line = line
        advance()
        let isNegated = skip(.name("not"))
        let name = try dottedName()
        guard let test = JinjaTest(rawValue: name) else {
            throw JinjaFailure.unsupported("the test '\(name.prefix(40))'").error(line: line)
        }
        var arguments = JinjaArguments()
        if isSymbol("(") {
            arguments = try self.arguments()
        } else if isTestArgument {
            if isNext(.name("is")) { throw fault("tests cannot be chained with 'is'") }
            arguments.positional = [try nested { try $0.postfix(try $0.primary()) }]
        }
        let result = try JinjaExpression(.test(value, test, arguments), line: line)
        return isNegated ? try JinjaExpression(.not(result), line: line) : result
    }

    private var isTestArgument: Bool {
        switch current.kind {
        case .name(let name): !["else", "or", "and"].contains(name)
        case .string, .integer, .float, .symbol("["), .symbol("{"): true
        default: false
        }
    }
}

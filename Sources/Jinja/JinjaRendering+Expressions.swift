/// Expressions: what Jinja compiles to Python, and what Python makes of it.
extension JinjaRendering {
    /// - Parameters:
    ///   - input: what a block wrote, for the filter at the head of its filters.
    ///   - caller: the body of a call block, for the call.
    func evaluate(_ expression: JinjaExpression, input: JinjaValue? = nil, caller: JinjaValue? = nil) throws
        -> JinjaValue
    {
        try charge(1)
        switch expression.kind {
        case .constant(let value): return value
        case .name(let name): return read(name)
        case .attribute(let value, let name, let bytes):
            let value = try evaluate(value)
            if case .dictionary(let dictionary) = value, !JinjaMethod.dictionary.contains(name),
                let found = dictionary.find(bytes)
            {
                return found
            }
            line = expression.line
            return try attribute(value, name, bytes)
        case .item(let value, let index):
            let value = try evaluate(value)
            if case .dictionary(let dictionary) = value, case .constant(.string(let name)) = index.kind,
                let found = dictionary.find(name)
            {
                return found
            }
            let index = try evaluate(index)
            line = expression.line
            return try item(value, index)
        default:
            try checkStack()
            return try evaluateDeep(expression, input, caller)
        }
    }

    private func evaluateDeep(_ expression: JinjaExpression, _ input: JinjaValue?, _ caller: JinjaValue?) throws
        -> JinjaValue
    {
        switch expression.kind {
        case .constant, .name, .attribute, .item: return .none
        case .list(let items): return try list(try items.map { try evaluate($0) })
        case .tuple(let items): return .tuple(try JinjaSequence(try items.map { try evaluate($0) }))
        case .dictionary(let pairs):
            let pairs = try pairs.map { (try evaluate($0), try evaluate($1)) }
            line = expression.line
            return .dictionary(try JinjaDictionary(pairs))
        case .slice(let value, let start, let stop, let step):
            return try slice(value, start, stop, step, expression.line)
        case .call(let function, let arguments): return try call(function, arguments, caller, expression.line)
        case .filter(let value, let filter, let arguments):
            let value = try value.map { try evaluate($0, input: input) } ?? input ?? .none
            let call = try self.arguments(arguments)
            line = expression.line
            return try apply(filter, value, call)
        case .test(let value, let test, let arguments):
            let value = try evaluate(value)
            if arguments.positional.isEmpty, let result = quickly(test, value) { return .bool(result) }
            let call = try self.arguments(arguments)
            line = expression.line
            return .bool(try apply(test, value, call))
        case .not(let value): return .bool(!(try evaluate(value).isTrue))
        case .negative(let value):
            let value = try evaluate(value)
            line = expression.line
            return try negative(value)
        case .positive(let value):
            let value = try evaluate(value)
            line = expression.line
            return try positive(value)
        case .and(let items):
            var value = JinjaValue.none
            for item in items {
                value = try evaluate(item)
                if !value.isTrue { return value }
            }
            return value
        case .or(let items):
            var value = JinjaValue.none
            for item in items {
                value = try evaluate(item)
                if value.isTrue { return value }
            }
            return value
        case .sum(let first, let rest): return try sum(first, rest, expression.line)
        case .binary(let operation, let left, let right):
            let left = try evaluate(left)
            let right = try evaluate(right)
            line = expression.line
            return try compute(operation, left, right)
        case .concatenation(let items):
            var text: [UInt8] = []
            for item in items {
                text += try string(try evaluate(item))
                try chargeBytes(text.count)
            }
            return .string(text)
        case .comparison(let first, let rest): return try comparison(first, rest, expression.line)
        case .conditional(let test, let value, let other):
            if try evaluate(test).isTrue { return try evaluate(value) }
            if let other { return try evaluate(other) }
            return .undefined(
                JinjaUndefined(
                    "the inline if-expression on line \(expression.line) evaluated to false and no else section was defined"
                )
            )
        }
    }

    private func sum(_ first: JinjaExpression, _ rest: [(isAdded: Bool, JinjaExpression)], _ line: Int) throws
        -> JinjaValue
    {
        var sum = try evaluate(first)
        for (isAdded, term) in rest {
            let value = try evaluate(term)
            self.line = line
            sum = isAdded ? try add(sum, value) : try subtract(sum, value)
        }
        return sum
    }

    private func comparison(_ first: JinjaExpression, _ rest: [(JinjaComparison, JinjaExpression)], _ line: Int) throws
        -> JinjaValue
    {
        var left = try evaluate(first)
        for (comparison, expression) in rest {
            let right = try evaluate(expression)
            self.line = line
            guard try compare(comparison, left, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    func compare(_ comparison: JinjaComparison, _ left: JinjaValue, _ right: JinjaValue) throws -> Bool {
        switch comparison {
        case .equal: try isEqual(left, right)
        case .unequal: try !isEqual(left, right)
        case .less: try isOrdered(left, right, "<")
        case .lessOrEqual: try isOrdered(left, right, "<=")
        case .greater: try isOrdered(left, right, ">")
        case .greaterOrEqual: try isOrdered(left, right, ">=")
        case .within: try contains(right, left)
        case .notWithin: try !contains(right, left)
        }
    }

    // MARK: Attributes and items

    /// `value.name`: Python's attribute, else the item.
    func attribute(_ value: JinjaValue, _ name: String, _ bytes: [UInt8]) throws -> JinjaValue {
        if bytes.starts(with: [0x5F, 0x5F]) { throw JinjaFailure.unsupported("the attribute '\(name.prefix(40))'") }
        switch value {
        case .missing, .undefined: throw used(value)
        case .dictionary(let dictionary):
            if let method = try method(value, name) { return method }
            if let found = dictionary.find(bytes) { return found }
        case .namespace(let namespace):
            if let found = namespace.find(bytes) { return found }
        case .loop(let loop): return try attribute(loop, name)
        default:
            if let method = try method(value, name) { return method }
        }
        return .undefined(JinjaUndefined("'\(value.typeName) object' has no attribute '\(name)'"))
    }

    private func attribute(_ loop: JinjaLoopState, _ name: String) throws -> JinjaValue {
        switch name {
        case "index": return .int(loop.index0 + 1)
        case "index0": return .int(loop.index0)
        case "first": return .bool(loop.index0 == 0)
        case "last": return .bool(try loop.peek() == nil)
        case "length": return .int(try loop.length())
        case "revindex": return .int(try loop.length() - loop.index0)
        case "revindex0": return .int(try loop.length() - loop.index0 - 1)
        case "depth": return .int(1)
        case "depth0": return .int(0)
        case "previtem":
            if loop.index0 > 0, let item = loop.previous { return item }
            return .undefined(JinjaUndefined("there is no previous item"))
        case "nextitem": return try loop.peek() ?? .undefined(JinjaUndefined("there is no next item"))
        case "cycle", "changed": return .method(JinjaMethod(.loop(loop), name))
        default: return .undefined(JinjaUndefined("'LoopContext object' has no attribute '\(name)'"))
        }
    }

    /// `value[index]`: Python's item, else the attribute, else undefined.
    func item(_ value: JinjaValue, _ index: JinjaValue) throws -> JinjaValue {
        switch value {
        case .missing, .undefined: throw used(value)
        case .dictionary(let dictionary):
            switch index {
            case .list, .dictionary: break
            default: if let found = try dictionary.find(index) { return found }
            }
        case .list(let items), .tuple(let items):
            if let place = index.index.flatMap({ Self.place($0, items.values.count) }) { return items.values[place] }
        case .range(let range):
            if let place = index.index.flatMap({ Self.place($0, range.count) }) { return range[place] }
        case .string(let text):
            if let place = index.index, let character = PythonText.character(text, place) {
                try charge(text.count >> 5)
                return .string(character)
            }
        case .markup: throw JinjaFailure.unsupported("a part of a text marked as safe")
        default: break
        }
        guard case .string(let name) = index else {
            return .undefined(JinjaUndefined("'\(value.typeName) object' has no such element"))
        }
        return try attribute(value, String(decoding: name, as: UTF8.self), name)
    }

    private static func place(_ index: Int, _ count: Int) -> Int? {
        let place = index < 0 ? index &+ count : index
        return place >= 0 && place < count ? place : nil
    }

    private func slice(
        _ value: JinjaExpression,
        _ start: JinjaExpression?,
        _ stop: JinjaExpression?,
        _ step: JinjaExpression?,
        _ line: Int
    ) throws -> JinjaValue {
        let value = try evaluate(value)
        func bound(_ expression: JinjaExpression?) throws -> Int? {
            guard let expression else { return nil }
            let value = try evaluate(expression)
            if case .none = value { return nil }
            guard let index = value.index else { throw JinjaFailure.python("slice indices must be integers or None") }
            return index
        }
        let start = try bound(start), stop = try bound(stop), step = try bound(step) ?? 1
        self.line = line
        guard step != 0 else { throw JinjaFailure.python("slice step cannot be zero") }
        switch value {
        case .missing, .undefined: throw used(value)
        case .string(let text):
            try charge(text.count >> 3)
            return try self.text(PythonText.slice(text, start, stop, step))
        case .list(let items), .tuple(let items):
            let chosen = PythonText.indices(start, stop, step, count: items.values.count).map { items.values[$0] }
            if case .tuple = value { return .tuple(try JinjaSequence(chosen)) }
            return try list(chosen)
        case .range(let range):
            let indices = PythonText.indices(start, stop, step, count: range.count)
            guard let first = indices.first else { throw JinjaFailure.unsupported("an empty slice of a range") }
            return .range(
                JinjaRange(
                    start: range.start + first * range.step,
                    step: range.step * (indices.count > 1 ? indices[1] - first : 1),
                    count: indices.count
                )
            )
        case .dictionary: throw JinjaFailure.python("unhashable type: 'slice'")
        default: throw JinjaFailure.python("'\(value.typeName)' object is not subscriptable")
        }
    }

    /// The error of using what is undefined.
    func used(_ value: JinjaValue) -> JinjaFailure {
        if case .undefined(let undefined) = value { return .python(undefined.message) }
        return .python("an undefined value is used")
    }

    // MARK: Iterating

    func iterator(_ value: JinjaValue) throws -> JinjaIterator {
        if case .generator(let generator) = value { return JinjaIterator(generator) }
        return JinjaIterator(try elements(value))
    }

    /// All items, as Python's `list` takes them.
    func elements(_ value: JinjaValue) throws -> [JinjaValue] {
        switch value {
        case .missing, .undefined: return []
        case .list(let items), .tuple(let items), .view(let items, _):
            try charge(items.values.count)
            return items.values
        case .dictionary(let dictionary):
            try charge(dictionary.count)
            return dictionary.keys
        case .string(let text):
            let count = PythonText.count(text)
            try chargeElements(count)
            return PythonText.characters(text)
        case .range(let range):
            try chargeElements(range.count)
            return range.values
        case .generator(let generator):
            var items: [JinjaValue] = []
            while let item = try generator.next() {
                try chargeElements(1)
                guard items.count < Self.maximumElements else {
                    throw JinjaFailure.limit("a sequence of more than \(Self.maximumElements) elements")
                }
                items.append(item)
            }
            return items
        case .loop: throw JinjaFailure.unsupported("iterating over 'loop'")
        case .markup: throw JinjaFailure.unsupported("iterating over a text marked as safe")
        default: throw JinjaFailure.python("'\(value.typeName)' object is not iterable")
        }
    }

    /// `len`, or nil where Python has none.
    func length(_ value: JinjaValue) -> Int? {
        switch value {
        case .missing, .undefined: 0
        case .string(let text), .markup(let text): PythonText.count(text)
        case .list(let items), .tuple(let items), .view(let items, _): items.values.count
        case .dictionary(let dictionary): dictionary.count
        case .range(let range): range.count
        default: nil
        }
    }
}

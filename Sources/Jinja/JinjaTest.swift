/// The tests of `is`. Those of Jinja that are missing are refused.
enum JinjaTest: String {
    case defined, undefined, none, boolean, `true`, `false`, integer, float, number, string, mapping, sequence,
        iterable, callable, escaped
    case odd, even, divisibleby, lower, upper, sameas, `in`
    case equalSign = "==", eq, equalto, unequalSign = "!=", ne
    case greaterSign = ">", gt, greaterthan, greaterOrEqualSign = ">=", ge
    case lessSign = "<", lt, lessthan, lessOrEqualSign = "<=", le
}

extension JinjaRendering {
    /// The tests that occur most and cannot fail.
    @inline(__always) func quickly(_ test: JinjaTest, _ value: JinjaValue) -> Bool? {
        switch test {
        case .defined: return !value.isUndefined
        case .undefined: return value.isUndefined
        case .none: if case .none = value { return true } else { return false }
        case .string: return value.bytes != nil
        default: return nil
        }
    }

    func apply(_ test: JinjaTest, _ value: JinjaValue, _ call: JinjaCall) throws -> Bool {
        let name = "the test '\(test.rawValue)'"
        func other() throws -> JinjaValue { try call.bound(to: ["other"], name, required: 1)[0] ?? .none }
        switch test {
        case .divisibleby:
            let number = try call.bound(to: ["num"], name, required: 1)[0] ?? .none
            return try isEqual(try compute(.remainder, value, number), .int(0))
        case .sameas: return try isSame(value, try other())
        case .in: return try contains(try call.bound(to: ["seq"], name, required: 1)[0] ?? .none, value)
        case .equalSign, .eq, .equalto: return try isEqual(value, try other())
        case .unequalSign, .ne: return try !isEqual(value, try other())
        case .greaterSign, .gt, .greaterthan: return try isOrdered(value, try other(), ">")
        case .greaterOrEqualSign, .ge: return try isOrdered(value, try other(), ">=")
        case .lessSign, .lt, .lessthan: return try isOrdered(value, try other(), "<")
        case .lessOrEqualSign, .le: return try isOrdered(value, try other(), "<=")
        default: try call.nothing(name)
        }
        switch (test, value) {
        case (.odd, _): return try isEqual(try compute(.remainder, value, .int(2)), .int(1))
        case (.even, _): return try isEqual(try compute(.remainder, value, .int(2)), .int(0))
        case (.lower, _), (.upper, _):
            let text = try string(value)
            try charge(text.count)
            return PythonText.hasOnlyCase(text, lower: test == .lower)
        case (.boolean, .bool), (.true, .bool(true)), (.false, .bool(false)): return true
        case (.integer, .int), (.float, .float), (.number, .int), (.number, .float), (.number, .bool): return true
        case (.mapping, .dictionary), (.escaped, .markup): return true
        case (.sequence, .undefined), (.sequence, .missing), (.sequence, .string), (.sequence, .markup),
            (.sequence, .list), (.sequence, .tuple),
            (.sequence, .dictionary), (.sequence, .range):
            return true
        case (.iterable, .undefined), (.iterable, .missing), (.iterable, .string), (.iterable, .markup),
            (.iterable, .list), (.iterable, .tuple),
            (.iterable, .dictionary), (.iterable, .range), (.iterable, .view), (.iterable, .generator),
            (.iterable, .loop):
            return true
        case (.callable, .macro), (.callable, .function), (.callable, .method), (.callable, .undefined),
            (.callable, .missing), (.callable, .loop):
            return true
        default: return quickly(test, value) ?? false
        }
    }

    /// `a is b`, where that does not depend on how Python keeps its values.
    private func isSame(_ left: JinjaValue, _ right: JinjaValue) throws -> Bool {
        switch (left, right) {
        case (.none, .none): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.namespace(let a), .namespace(let b)): return a === b
        case (.macro(let a), .macro(let b)): return a === b
        case (.loop(let a), .loop(let b)): return a === b
        default: break
        }
        guard left.typeName != right.typeName else {
            throw JinjaFailure.unsupported("'sameas' with values of type '\(left.typeName)'")
        }
        return false
    }
}

import Foundation

/// Python's operators. Numbers are of 64 bits: what Python would make larger is refused.
extension JinjaRendering {
    private enum Number {
        case int(Int), float(Double)
        var double: Double {
            switch self {
            case .int(let value): Double(value)
            case .float(let value): value
            }
        }
    }

    private func number(_ value: JinjaValue) -> Number? {
        switch value {
        case .int(let value): .int(value)
        case .bool(let value): .int(value ? 1 : 0)
        case .float(let value): .float(value)
        default: nil
        }
    }

    private func numbers(_ left: JinjaValue, _ right: JinjaValue) -> (Number, Number)? {
        guard let left = number(left), let right = number(right) else { return nil }
        return (left, right)
    }

    private func whole(_ result: (partialValue: Int, overflow: Bool)) throws -> JinjaValue {
        guard !result.overflow else { throw JinjaFailure.unsupported("a whole number of more than 64 bits") }
        return .int(result.partialValue)
    }

    /// - Throws: what Python says where no operand takes the other.
    private func mismatch(_ operation: String, _ left: JinjaValue, _ right: JinjaValue) -> JinjaFailure {
        for value in [left, right] {
            if value.isUndefined { return used(value) }
            if case .markup = value { return .unsupported("'\(operation)' with a text marked as safe") }
        }
        return .python("unsupported operand type(s) for \(operation): '\(left.typeName)' and '\(right.typeName)'")
    }

    func add(_ left: JinjaValue, _ right: JinjaValue) throws -> JinjaValue {
        switch (left, right) {
        case (.string(let a), .string(let b)):
            try chargeBytes(a.count + b.count)
            return .string(a + b)
        case (.int(let a), .int(let b)): return try whole(a.addingReportingOverflow(b))
        case (.list(let a), .list(let b)):
            try chargeElements(a.values.count + b.values.count)
            return .list(try JinjaSequence(a.values + b.values))
        case (.tuple(let a), .tuple(let b)):
            try chargeElements(a.values.count + b.values.count)
            return .tuple(try JinjaSequence(a.values + b.values))
        default:
            switch numbers(left, right) {
            case (.int(let a), .int(let b))?: return try whole(a.addingReportingOverflow(b))
            case (let a, let b)?: return .float(a.double + b.double)
            case nil: throw mismatch("+", left, right)
            }
        }
    }

    func subtract(_ left: JinjaValue, _ right: JinjaValue) throws -> JinjaValue {
        switch numbers(left, right) {
        case (.int(let a), .int(let b))?: return try whole(a.subtractingReportingOverflow(b))
        case (let a, let b)?: return .float(a.double - b.double)
        case nil: throw mismatch("-", left, right)
        }
    }

    func negative(_ value: JinjaValue) throws -> JinjaValue {
        switch number(value) {
        case .int(let value)?: return try whole((0).subtractingReportingOverflow(value))
        case .float(let value)?: return .float(-value)
        case nil:
            throw value.isUndefined
                ? used(value) : JinjaFailure.python("bad operand type for unary -: '\(value.typeName)'")
        }
    }

    func positive(_ value: JinjaValue) throws -> JinjaValue {
        switch number(value) {
        case .int(let value)?: return .int(value)
        case .float(let value)?: return .float(value)
        case nil:
            throw value.isUndefined
                ? used(value) : JinjaFailure.python("bad operand type for unary +: '\(value.typeName)'")
        }
    }

    func compute(_ operation: JinjaOperator, _ left: JinjaValue, _ right: JinjaValue) throws -> JinjaValue {
        if operation == .remainder, case .string(let format) = left { return try text(try formatted(format, right)) }
        if operation == .multiply, let repeated = try multiplied(left, right) ?? multiplied(right, left) {
            return repeated
        }
        guard let (a, b) = numbers(left, right) else { throw mismatch(operation.rawValue, left, right) }
        if case .int(let a) = a, case .int(let b) = b { return try compute(operation, a, b) }
        let x = a.double, y = b.double
        if [.divide, .floorDivide, .remainder].contains(operation), y == 0 {
            throw JinjaFailure.python("division by zero")
        }
        switch operation {
        case .multiply: return .float(x * y)
        case .divide: return .float(x / y)
        case .floorDivide, .remainder:
            var rest = fmod(x, y)
            var quotient = (x - rest) / y
            if rest != 0 {
                if (y < 0) != (rest < 0) {
                    rest += y
                    quotient -= 1
                }
            } else {
                rest = y < 0 ? -0.0 : 0.0
            }
            if operation == .remainder { return .float(rest) }
            if quotient == 0 { return .float(x / y < 0 ? -0.0 : 0.0) }
            let floor = quotient.rounded(.down)
            return .float(quotient - floor > 0.5 ? floor + 1 : floor)
        case .power:
            if x == 0, y < 0 { throw JinjaFailure.python("0.0 cannot be raised to a negative power") }
            let value = pow(x, y)
            guard !value.isNaN || x.isNaN || y.isNaN else { throw JinjaFailure.unsupported("a complex number") }
            guard value.isFinite || !x.isFinite || !y.isFinite else {
                throw JinjaFailure.python("numerical result out of range")
            }
            return .float(value)
        }
    }

    private func compute(_ operation: JinjaOperator, _ a: Int, _ b: Int) throws -> JinjaValue {
        if b == 0, operation != .multiply, operation != .power { throw JinjaFailure.python("division by zero") }
        switch operation {
        case .multiply: return try whole(a.multipliedReportingOverflow(by: b))
        case .divide:
            guard a.magnitude <= 1 << 53, b.magnitude <= 1 << 53 else {
                throw JinjaFailure.unsupported("dividing whole numbers beyond 2**53")
            }
            return .float(Double(a) / Double(b))
        case .floorDivide:
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            guard !overflow else { return try whole((0, true)) }
            return .int(quotient &* b != a && (a < 0) != (b < 0) ? quotient - 1 : quotient)
        case .remainder:
            let (rest, overflow) = a.remainderReportingOverflow(dividingBy: b)
            if overflow { return .int(0) }
            return .int(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
        case .power:
            if b < 0 {
                guard a != 0 else { throw JinjaFailure.python("0.0 cannot be raised to a negative power") }
                return .float(pow(Double(a), Double(b)))
            }
            if a == 0 || a == 1 { return .int(b == 0 ? 1 : a) }
            if a == -1 { return .int(b & 1 == 0 ? 1 : -1) }
            var value = 1
            for _ in 0..<min(b, 64) {
                guard case .int(let next) = try whole(value.multipliedReportingOverflow(by: a)) else { break }
                value = next
            }
            return .int(value)
        }
    }

    /// A sequence that many times over, where the first is a sequence and the second a whole number.
    private func multiplied(_ sequence: JinjaValue, _ times: JinjaValue) throws -> JinjaValue? {
        guard let times = times.index.map({ max($0, 0) }) else { return nil }
        func total(_ count: Int, _ limit: Int, _ what: String) throws -> Int {
            let (total, overflow) = count.multipliedReportingOverflow(by: times)
            guard !overflow, total <= limit else { throw JinjaFailure.limit("a \(what) that is too long") }
            return total
        }
        switch sequence {
        case .string(let text):
            let count = try total(text.count, Self.maximumBytes, "text")
            try chargeBytes(count)
            var out: [UInt8] = []
            out.reserveCapacity(count)
            if count > 0 { out += text }
            while out.count < count { out += out.prefix(count - out.count) }
            return .string(out)
        case .list(let items), .tuple(let items):
            let count = try total(items.values.count, Self.maximumElements, "sequence")
            try chargeElements(count)
            var out: [JinjaValue] = []
            if count > 0 { for _ in 0..<times { out += items.values } }
            if case .tuple = sequence { return .tuple(try JinjaSequence(out)) }
            return .list(try JinjaSequence(out))
        default: return nil
        }
    }

    // MARK: Comparing

    func isEqual(_ left: JinjaValue, _ right: JinjaValue) throws -> Bool {
        switch (left, right) {
        case (.string(let a), .string(let b)):
            try charge(a.count == b.count ? a.count >> 5 : 0)
            return a == b
        case (.none, .none): return true
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): return try isEqual(a.values, b.values)
        case (.dictionary(let a), .dictionary(let b)):
            guard a.count == b.count else { return false }
            for index in 0..<a.count {
                try charge(a.count)
                guard let other = try b.find(a.keys[index]), try isEqual(a.values[index], other) else { return false }
            }
            return true
        case (.range(let a), .range(let b)):
            return a.count == b.count && (a.count == 0 || (a.start == b.start && (a.count == 1 || a.step == b.step)))
        case (.namespace(let a), .namespace(let b)): return a === b
        case (.loop(let a), .loop(let b)): return a === b
        case (.macro(let a), .macro(let b)): return a === b
        case (.generator(let a), .generator(let b)): return a === b
        case (.function(let a), .function(let b)): return a == b
        case (.view, .view), (.method, .method):
            throw JinjaFailure.unsupported("comparing two values of type '\(left.typeName)'")
        default: break
        }
        if left.isUndefined && right.isUndefined { return true }
        if let a = left.bytes, let b = right.bytes { return a == b }
        switch numbers(left, right) {
        case (.int(let a), .int(let b))?: return a == b
        case (.int(let a), .float(let b))?, (.float(let b), .int(let a))?: return Int(exactly: b) == a
        case (let a, let b)?: return a.double == b.double
        case nil: return false
        }
    }

    private func isEqual(_ left: [JinjaValue], _ right: [JinjaValue]) throws -> Bool {
        guard left.count == right.count else { return false }
        for (a, b) in zip(left, right) {
            try charge(1)
            guard try isEqual(a, b) else { return false }
        }
        return true
    }

    /// `left < right` and the like.
    func isOrdered(_ left: JinjaValue, _ right: JinjaValue, _ operation: String) throws -> Bool {
        func holds<Value: Comparable>(_ a: Value, _ b: Value) -> Bool {
            switch operation {
            case "<": a < b
            case "<=": a <= b
            case ">": a > b
            default: a >= b
            }
        }
        if let a = left.bytes, let b = right.bytes {
            try charge(min(a.count, b.count) >> 5)
            if a == b { return operation.utf8.count == 2 }
            return a.lexicographicallyPrecedes(b) == (operation.utf8.first == UInt8(ascii: "<"))
        }
        switch (left, right) {
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (x, y) in zip(a.values, b.values) {
                try charge(1)
                if try !isEqual(x, y) { return try isOrdered(x, y, operation) }
            }
            return holds(a.values.count, b.values.count)
        default: break
        }
        switch numbers(left, right) {
        case (.int(let a), .int(let b))?: return holds(a, b)
        case (let a, let b)?:
            for case .int(let value) in [a, b] where value.magnitude > 1 << 53 {
                throw JinjaFailure.unsupported("comparing a whole number beyond 2**53 with a float")
            }
            return holds(a.double, b.double)
        case nil:
            if left.isUndefined || right.isUndefined { throw used(left.isUndefined ? left : right) }
            throw JinjaFailure.python(
                "'\(operation)' not supported between instances of '\(left.typeName)' and '\(right.typeName)'"
            )
        }
    }

    /// `item in container`
    func contains(_ container: JinjaValue, _ item: JinjaValue) throws -> Bool {
        switch container {
        case .string(let text), .markup(let text):
            guard let part = item.bytes else {
                throw JinjaFailure.python("'in <string>' requires string as left operand, not \(item.typeName)")
            }
            try charge(text.count >> 3)
            return PythonText.find(text, part) != nil
        case .dictionary(let dictionary): return try dictionary.find(item) != nil
        case .missing, .undefined: return false
        case .range(let range):
            if let index = item.index {
                guard range.count > 0 else { return false }
                let distance = index.subtractingReportingOverflow(range.start)
                guard !distance.overflow, distance.partialValue.magnitude < 1 << 62,
                    distance.partialValue % range.step == 0
                else { return false }
                let place = distance.partialValue / range.step
                return place >= 0 && place < range.count
            }
            return try elements(container).contains { try isEqual($0, item) }
        case .generator(let generator):
            while let value = try generator.next() {
                try charge(1)
                if try isEqual(value, item) { return true }
            }
            return false
        case .list(let items), .tuple(let items), .view(let items, _):
            for value in items.values {
                try charge(1)
                if try isEqual(value, item) { return true }
            }
            return false
        default: throw JinjaFailure.python("argument of type '\(container.typeName)' is not iterable")
        }
    }

    /// Stable, by `<`, as Python sorts.
    func sorted(_ values: [JinjaValue], by key: (JinjaValue) throws -> JinjaValue, reverse: Bool) throws -> [JinjaValue]
    {
        var entries = try values.map { (key: try key($0), value: $0) }
        if reverse { entries.reverse() }
        // Merging from below: the comparison throws, and the standard library's sort does not promise to be stable.
        var width = 1
        while width < entries.count {
            var merged: [(key: JinjaValue, value: JinjaValue)] = []
            merged.reserveCapacity(entries.count)
            var start = 0
            while start < entries.count {
                let middle = min(start + width, entries.count), end = min(start + 2 * width, entries.count)
                var left = start, right = middle
                while left < middle && right < end {
                    try charge(1)
                    if try isOrdered(entries[right].key, entries[left].key, "<") {
                        merged.append(entries[right])
                        right += 1
                    } else {
                        merged.append(entries[left])
                        left += 1
                    }
                }
                merged += entries[left..<middle]
                merged += entries[right..<end]
                start = end
            }
            entries = merged
            width *= 2
        }
        if reverse { entries.reverse() }
        return entries.map(\.value)
    }
}

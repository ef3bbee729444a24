import Foundation

/// Python's formats: `%` and `str.format`, and the filters `int` and `round`.
extension JinjaRendering {
    /// `format % arguments`
    func formatted(_ format: [UInt8], _ arguments: JinjaValue) throws -> [UInt8] {
        try charge(format.count >> 3)
        var positional = [arguments], next = 0
        if case .tuple(let items) = arguments { positional = items.values }
        var isMapping = false
        switch arguments {
        case .dictionary, .list, .range, .undefined: isMapping = true
        default: break
        }
        var out: [UInt8] = []
        var index = 0
        func peek() -> UInt8 { index < format.count ? format[index] : 0 }
        func integer() throws -> Int? {
            if peek() == UInt8(ascii: "*") { throw JinjaFailure.unsupported("a width given by an argument") }
            var value: Int?
            while Ascii.isDigit(peek()) {
                value = (value ?? 0) * 10 + Int(peek() - 0x30)
                guard value ?? 0 <= 10_000 else { throw JinjaFailure.limit("a width of more than 10000") }
                index += 1
            }
            return value
        }
        while index < format.count {
            guard format[index] == UInt8(ascii: "%") else {
                out.append(format[index])
                index += 1
                continue
            }
            index += 1
            if peek() == UInt8(ascii: "%") {
                out.append(UInt8(ascii: "%"))
                index += 1
                continue
            }
            var key: [UInt8]?
            if peek() == UInt8(ascii: "(") {
                guard let end = PythonText.find(format, [UInt8(ascii: ")")], from: index) else {
                    throw JinjaFailure.python("incomplete format key")
                }
                key = Array(format[(index + 1)..<end])
                index = end + 1
            }
            var flags: Set<UInt8> = []
            while "#0- +".utf8.contains(peek()), peek() != 0 {
                flags.insert(peek())
                index += 1
            }
            let width = try integer() ?? 0
            var precision: Int?
            if peek() == UInt8(ascii: ".") {
                index += 1
                precision = try integer() ?? 0
            }
            while "hlL".utf8.contains(peek()), peek() != 0 { index += 1 }
            guard index < format.count else { throw JinjaFailure.python("incomplete format") }
            let conversion = format[index]
            index += 1
            var value: JinjaValue
            if let key {
                guard case .dictionary(let dictionary) = arguments else {
                    throw JinjaFailure.python("format requires a mapping")
                }
                guard let found = dictionary.find(key) else {
                    throw JinjaFailure.python("the key '\(String(decoding: key, as: UTF8.self))' is missing")
                }
                value = found
            } else {
                guard next < positional.count else {
                    throw JinjaFailure.python("not enough arguments for format string")
                }
                value = positional[next]
                next += 1
            }
            let text = try formatted(value, conversion, flags, precision)
            let padding = Array(repeating: Ascii.space, count: max(width - PythonText.count(text), 0))
            try chargeBytes(out.count + text.count + padding.count)
            let isNumber = conversion != UInt8(ascii: "s") && conversion != UInt8(ascii: "r")
            if flags.contains(Ascii.minus) {
                out += text + padding
            } else if flags.contains(UInt8(ascii: "0")), isNumber {
                out += try padded(text, width, [UInt8(ascii: "0")], left: true, keepsSign: true)
            } else {
                out += padding + text
            }
        }
        if next < positional.count, !isMapping {
            throw JinjaFailure.python("not all arguments converted during string formatting")
        }
        return out
    }

    private func formatted(_ value: JinjaValue, _ conversion: UInt8, _ flags: Set<UInt8>, _ precision: Int?) throws
        -> [UInt8]
    {
        func signed(_ text: String) -> [UInt8] {
            if text.hasPrefix("-") { return Array(text.utf8) }
            return (flags.contains(Ascii.plus) ? [Ascii.plus] : flags.contains(Ascii.space) ? [Ascii.space] : [])
                + Array(text.utf8)
        }
        if flags.contains(UInt8(ascii: "#")) { throw JinjaFailure.unsupported("the flag # of a format") }
        switch conversion {
        case UInt8(ascii: "s"), UInt8(ascii: "r"):
            var text: [UInt8] = []
            if conversion == UInt8(ascii: "s") { text = try string(value) } else { try represent(value, &text) }
            return precision.map { PythonText.slice(text, nil, $0, 1) } ?? text
        case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "u"):
            guard precision == nil else { throw JinjaFailure.unsupported("a precision for a whole number") }
            if let number = value.index { return signed(String(number)) }
            guard case .float(let real) = value else {
                throw value.isUndefined
                    ? used(value) : JinjaFailure.python("%d format: a real number is required, not \(value.typeName)")
            }
            guard let number = Int(exactly: real.rounded(.towardZero)) else {
                throw JinjaFailure.unsupported("a whole number of more than 64 bits")
            }
            return signed(String(number))
        case UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "g"),
            UInt8(ascii: "G"):
            var real: Double
            switch value {
            case .float(let number): real = number
            default:
                guard let number = value.index else {
                    throw value.isUndefined
                        ? used(value) : JinjaFailure.python("must be real number, not \(value.typeName)")
                }
                real = Double(number)
            }
            guard real.isFinite else { throw JinjaFailure.unsupported("a format of a number that is not finite") }
            guard precision ?? 0 <= 60 else { throw JinjaFailure.limit("a precision of more than 60") }
            return signed(String(format: "%.\(precision ?? 6)\(String(UnicodeScalar(conversion)))", real))
        default: throw JinjaFailure.unsupported("the conversion '%\(String(UnicodeScalar(conversion)))'")
        }
    }

    /// `format.format(...)`, with plain fields alone.
    func formatted(_ format: [UInt8], _ call: JinjaCall) throws -> [UInt8] {
        var out: [UInt8] = []
        var index = 0, automatic = 0
        var isNumbered: Bool?
        while index < format.count {
            let byte = format[index]
            index += 1
            guard byte == Ascii.openBrace || byte == UInt8(ascii: "}") else {
                out.append(byte)
                continue
            }
            if index < format.count, format[index] == byte {
                out.append(byte)
                index += 1
                continue
            }
            guard byte == Ascii.openBrace, let end = PythonText.find(format, [UInt8(ascii: "}")], from: index) else {
                throw JinjaFailure.python("a single brace in a format")
            }
            let field = Array(format[index..<end])
            guard field.allSatisfy(Ascii.isWord) else {
                throw JinjaFailure.unsupported(
                    "the field {\(String(decoding: field.prefix(40), as: UTF8.self))} of a format"
                )
            }
            index = end + 1
            let value: JinjaValue
            if field.isEmpty || field.allSatisfy(Ascii.isDigit) {
                guard isNumbered != .some(field.isEmpty) else {
                    throw JinjaFailure.python("cannot mix automatic and manual numbering of fields")
                }
                isNumbered = !field.isEmpty
                let place = field.isEmpty ? automatic : Int(String(decoding: field, as: UTF8.self)) ?? Int.max
                automatic += 1
                guard place < call.positional.count else {
                    throw JinjaFailure.python("an index of a format is out of range")
                }
                value = call.positional[place]
            } else {
                let name = String(decoding: field, as: UTF8.self)
                guard let found = call.named.first(where: { $0.name == name }) else {
                    throw JinjaFailure.python("the field '\(name)' of a format is missing")
                }
                value = found.value
            }
            let text = try string(value)
            try chargeBytes(out.count + text.count)
            out += text
        }
        return out
    }

    // MARK: Numbers

    /// The filter `int`.
    func converted(_ value: JinjaValue, _ given: [JinjaValue?]) throws -> JinjaValue {
        let preset = given[0] ?? .int(0)
        if let base = given[1] {
            guard case .int(10) = base else { throw JinjaFailure.unsupported("a base other than 10") }
        }
        func whole(_ real: Double) throws -> JinjaValue {
            guard real.isFinite else { return preset }
            guard let number = Int(exactly: real.rounded(.towardZero)) else {
                throw JinjaFailure.unsupported("a whole number of more than 64 bits")
            }
            return .int(number)
        }
        switch value {
        case .int: return value
        case .bool(let flag): return .int(flag ? 1 : 0)
        case .float(let real):
            if real.isInfinite { throw JinjaFailure.python("cannot convert float infinity to integer") }
            return try whole(real)
        case .string(let text):
            if let number = try PythonText.integer(text) { return .int(number) }
            return try PythonText.real(text).map { try whole($0) } ?? preset
        case .undefined, .missing: throw used(value)
        default: return preset
        }
    }

    /// The filter `round`.
    func rounded(_ value: JinjaValue, _ precision: Int, _ method: [UInt8]) throws -> JinjaValue {
        guard precision.magnitude <= 20 else { throw JinjaFailure.unsupported("rounding to \(precision) digits") }
        let real: Double
        switch value {
        case .float(let number): real = number
        case .int, .bool: real = Double(value.index ?? 0)
        default:
            throw value.isUndefined
                ? used(value) : JinjaFailure.python("type \(value.typeName) doesn't define __round__ method")
        }
        switch String(decoding: method, as: UTF8.self) {
        case "common":
            if let index = value.index {
                guard precision >= 0 else {
                    throw JinjaFailure.unsupported("rounding a whole number to \(precision) digits")
                }
                return .int(index)
            }
            guard real.isFinite else { return value }
            guard precision >= 0 else { throw JinjaFailure.unsupported("rounding to \(precision) digits") }
            if precision == 0 { return .float(real.rounded(.toNearestOrEven)) }
            return .float(Double(String(format: "%.\(precision)f", real)) ?? real)
        case let name where name == "ceil" || name == "floor":
            guard precision >= 0, precision <= 15 else {
                throw JinjaFailure.unsupported("rounding to \(precision) digits")
            }
            let scale = pow(10, Double(precision))
            let scaled = real * scale
            guard scaled.magnitude <= 9e15 else { throw JinjaFailure.unsupported("rounding a number of this size") }
            return .float(scaled.rounded(name == "ceil" ? .up : .down) / scale + 0)
        default: throw JinjaFailure.python("method must be common, ceil or floor")
        }
    }
}

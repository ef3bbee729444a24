import Foundation

/// How Python writes values: `str`, `repr`, `json.dumps`, `%` and `str.format`.
extension JinjaRendering {
    /// `str(value)`
    func string(_ value: JinjaValue) throws -> [UInt8] {
        switch value {
        case .string(let text), .markup(let text): return text
        case .undefined, .missing: return []
        default:
            var out: [UInt8] = []
            try represent(value, &out)
            return out
        }
    }

    /// `repr(value)`
    private func represent(_ value: JinjaValue, _ out: inout [UInt8]) throws {
        try charge(1)
        switch value {
        case .missing, .undefined: out += "Undefined".utf8
        case .none: out += "None".utf8
        case .bool(let value): out += (value ? "True" : "False").utf8
        case .int(let value): out += String(value).utf8
        case .float(let value): out += PythonText.representation(value).utf8
        case .string(let text):
            try chargeBytes(out.count + text.count * 10)
            PythonText.quote(text, &out)
        case .markup: throw JinjaFailure.unsupported("printing a text marked as safe inside of a list")
        case .list(let items): try represent(items.values, "[", "]", &out)
        case .tuple(let items): try represent(items.values, "(", items.values.count == 1 ? ",)" : ")", &out)
        case .view(let items, let name):
            out += (name.rawValue + "(").utf8
            try represent(items.values, "[", "]", &out)
            out += ")".utf8
        case .dictionary(let dictionary):
            out += "{".utf8
            for index in 0..<dictionary.count {
                if index > 0 { out += ", ".utf8 }
                try represent(dictionary.keys[index], &out)
                out += ": ".utf8
                try represent(dictionary.values[index], &out)
            }
            out += "}".utf8
        case .range(let range): out += "range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))".utf8
        default: throw JinjaFailure.unsupported("printing a value of type '\(value.typeName)'")
        }
        guard out.count <= Self.maximumBytes else { throw JinjaFailure.limit("a text that is too long") }
    }

    private func represent(_ items: [JinjaValue], _ open: String, _ close: String, _ out: inout [UInt8]) throws {
        out += open.utf8
        for (index, item) in items.enumerated() {
            if index > 0 { out += ", ".utf8 }
            try represent(item, &out)
        }
        out += close.utf8
    }

    // MARK: JSON

    func json(_ value: JinjaValue, _ style: JinjaJSON) throws -> [UInt8] {
        var out: [UInt8] = []
        try write(value, style, level: 0, &out)
        return out
    }

    private func write(_ value: JinjaValue, _ style: JinjaJSON, level: Int, _ out: inout [UInt8]) throws {
        try charge(1)
        guard out.count <= Self.maximumBytes else { throw JinjaFailure.limit("a text that is too long") }
        func group(_ open: String, _ close: String, _ count: Int, _ each: (Int) throws -> Void) throws {
            out += open.utf8
            for index in 0..<count {
                if index > 0 { out += style.itemSeparator }
                try newline(level + 1)
                try each(index)
            }
            if count > 0 { try newline(level) }
            out += close.utf8
        }
        func newline(_ level: Int) throws {
            guard let indent = style.indent else { return }
            try chargeBytes(out.count &+ indent.count * level)
            out.append(Ascii.newline)
            for _ in 0..<level { out += indent }
        }
        switch value {
        case .none: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .int(let value): out += String(value).utf8
        case .float(let value): out += PythonText.json(value).utf8
        case .string(let text), .markup(let text):
            try chargeBytes(out.count + text.count)
            PythonText.quoteJSON(text, ascii: style.isAscii, &out)
        case .list(let items), .tuple(let items):
            try group("[", "]", items.values.count) { try write(items.values[$0], style, level: level + 1, &out) }
        case .dictionary(let dictionary):
            var pairs = Array(zip(dictionary.keys, dictionary.values))
            if style.sortsKeys {
                let order = try sorted((0..<pairs.count).map { .int($0) }, by: { pairs[$0.index ?? 0].0 }, reverse: false)
                pairs = order.map { pairs[$0.index ?? 0] }
            }
            try group("{", "}", pairs.count) {
                let key: [UInt8] =
                    switch pairs[$0].0 {
                    case .string(let text): text
                    case .int(let value): Array(String(value).utf8)
                    case .bool(let value): Array((value ? "true" : "false").utf8)
                    case .none: Array("null".utf8)
                    case .float(let value): Array(PythonText.json(value).utf8)
                    default: throw JinjaFailure.python("keys must be str, int, float, bool or None, not \(pairs[$0].0.typeName)")
                    }
                PythonText.quoteJSON(key, ascii: style.isAscii, &out)
                out += style.keySeparator
                try write(pairs[$0].1, style, level: level + 1, &out)
            }
        default: throw JinjaFailure.python("Object of type \(value.typeName) is not JSON serializable")
        }
    }

    // MARK: Formats

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
                guard let end = PythonText.find(format, [UInt8(ascii: ")")], from: index) else { throw JinjaFailure.python("incomplete format key") }
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
                guard case .dictionary(let dictionary) = arguments else { throw JinjaFailure.python("format requires a mapping") }
                guard let found = dictionary.find(key) else { throw JinjaFailure.python("the key '\(String(decoding: key, as: UTF8.self))' is missing") }
                value = found
            } else {
                guard next < positional.count else { throw JinjaFailure.python("not enough arguments for format string") }
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
        if next < positional.count, !isMapping { throw JinjaFailure.python("not all arguments converted during string formatting") }
        return out
    }

    private func formatted(_ value: JinjaValue, _ conversion: UInt8, _ flags: Set<UInt8>, _ precision: Int?) throws -> [UInt8] {
        func signed(_ text: String) -> [UInt8] {
            if text.hasPrefix("-") { return Array(text.utf8) }
            return (flags.contains(Ascii.plus) ? [Ascii.plus] : flags.contains(Ascii.space) ? [Ascii.space] : []) + Array(text.utf8)
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
                throw value.isUndefined ? used(value) : JinjaFailure.python("%d format: a real number is required, not \(value.typeName)")
            }
            guard let number = Int(exactly: real.rounded(.towardZero)) else { throw JinjaFailure.unsupported("a whole number of more than 64 bits") }
            return signed(String(number))
        case UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "g"), UInt8(ascii: "G"):
            var real: Double
            switch value {
            case .float(let number): real = number
            default:
                guard let number = value.index else {
                    throw value.isUndefined ? used(value) : JinjaFailure.python("must be real number, not \(value.typeName)")
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
                throw JinjaFailure.unsupported("the field {\(String(decoding: field.prefix(40), as: UTF8.self))} of a format")
            }
            index = end + 1
            let value: JinjaValue
            if field.isEmpty || field.allSatisfy(Ascii.isDigit) {
                guard isNumbered != .some(field.isEmpty) else { throw JinjaFailure.python("cannot mix automatic and manual numbering of fields") }
                isNumbered = !field.isEmpty
                let place = field.isEmpty ? automatic : Int(String(decoding: field, as: UTF8.self)) ?? Int.max
                automatic += 1
                guard place < call.positional.count else { throw JinjaFailure.python("an index of a format is out of range") }
                value = call.positional[place]
            } else {
                let name = String(decoding: field, as: UTF8.self)
                guard let found = call.named.first(where: { $0.name == name }) else { throw JinjaFailure.python("the field '\(name)' of a format is missing") }
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
        if let base = given[1] { guard case .int(10) = base else { throw JinjaFailure.unsupported("a base other than 10") } }
        func whole(_ real: Double) throws -> JinjaValue {
            guard real.isFinite else { return preset }
            guard let number = Int(exactly: real.rounded(.towardZero)) else { throw JinjaFailure.unsupported("a whole number of more than 64 bits") }
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
        default: throw value.isUndefined ? used(value) : JinjaFailure.python("type \(value.typeName) doesn't define __round__ method")
        }
        switch String(decoding: method, as: UTF8.self) {
        case "common":
            if let index = value.index {
                guard precision >= 0 else { throw JinjaFailure.unsupported("rounding a whole number to \(precision) digits") }
                return .int(index)
            }
            guard real.isFinite else { return value }
            guard precision >= 0 else { throw JinjaFailure.unsupported("rounding to \(precision) digits") }
            if precision == 0 { return .float(real.rounded(.toNearestOrEven)) }
            return .float(Double(String(format: "%.\(precision)f", real)) ?? real)
        case let name where name == "ceil" || name == "floor":
            guard precision >= 0, precision <= 15 else { throw JinjaFailure.unsupported("rounding to \(precision) digits") }
            let scale = pow(10, Double(precision))
            let scaled = real * scale
            guard scaled.magnitude <= 9e15 else { throw JinjaFailure.unsupported("rounding a number of this size") }
            return .float(scaled.rounded(name == "ceil" ? .up : .down) / scale + 0)
        default: throw JinjaFailure.python("method must be common, ceil or floor")
        }
    }
}

/// What `tojson` was asked for, as Python's `json.dumps` takes it.
struct JinjaJSON {
    var isAscii = false
    var indent: [UInt8]?
    var itemSeparator = Array(", ".utf8), keySeparator = Array(": ".utf8)
    var sortsKeys = false

    init(_ given: [JinjaValue?]) throws {
        isAscii = given[0]?.isTrue ?? false
        switch given[1] {
        case nil, .some(.none): break
        case .string(let text)?: indent = text
        case .some(let value):
            guard let width = value.index, width <= 1000 else { throw JinjaFailure.unsupported("this indentation of 'tojson'") }
            indent = Array(repeating: Ascii.space, count: max(width, 0))
        }
        if indent != nil { itemSeparator = Array(",".utf8) }
        switch given[2] {
        case nil, .some(.none): break
        case .list(let parts)?, .tuple(let parts)?:
            guard parts.values.count == 2, case .string(let item) = parts.values[0], case .string(let key) = parts.values[1] else {
                throw JinjaFailure.python("separators must be two strings")
            }
            (itemSeparator, keySeparator) = (item, key)
        default: throw JinjaFailure.python("separators must be two strings")
        }
        sortsKeys = given[3]?.isTrue ?? false
    }
}

extension PythonText {
    /// `repr` of a string.
    static func quote(_ text: [UInt8], _ out: inout [UInt8]) {
        let apostrophe = UInt8(ascii: "'"), quotation = UInt8(ascii: "\"")
        let quote = text.contains(apostrophe) && !text.contains(quotation) ? quotation : apostrophe
        out.append(quote)
        for scalar in scalars(text) {
            switch scalar.value {
            case UInt32(quote), 0x5C: out += [0x5C, UInt8(truncatingIfNeeded: scalar.value)]
            case 0x0A: out += "\\n".utf8
            case 0x0D: out += "\\r".utf8
            case 0x09: out += "\\t".utf8
            case 0x20..<0x7F: out.append(UInt8(truncatingIfNeeded: scalar.value))
            case _ where isPrintable(scalar): out += UTF8.encode(scalar)!
            case 0..<0x100: out += "\\x\(hexadecimal(scalar.value, 2))".utf8
            case 0..<0x10000: out += "\\u\(hexadecimal(scalar.value, 4))".utf8
            default: out += "\\U\(hexadecimal(scalar.value, 8))".utf8
            }
        }
        out.append(quote)
    }

    private static func hexadecimal(_ value: UInt32, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator: false
        default: true
        }
    }

    static func quoteJSON(_ text: [UInt8], ascii: Bool, _ out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var offset = 0
        while offset < text.count {
            let byte = text[offset]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [0x5C, byte]
            case 0x0A: out += "\\n".utf8
            case 0x0D: out += "\\r".utf8
            case 0x09: out += "\\t".utf8
            case 0x08: out += "\\b".utf8
            case 0x0C: out += "\\f".utf8
            case 0..<0x20: out += "\\u\(hexadecimal(UInt32(byte), 4))".utf8
            case 0x7F...0xFF where ascii && byte != 0x7F:
                let (scalar, length) = scalar(text, offset)
                for unit in UTF16.encode(scalar)! { out += "\\u\(hexadecimal(UInt32(unit), 4))".utf8 }
                offset += length - 1
            default: out.append(byte)
            }
            offset += 1
        }
        out.append(UInt8(ascii: "\""))
    }

    /// `repr` of a float: the shortest digits that read back, with an exponent below 1e-4 and from 1e16.
    static func representation(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        if value == 0 { return value.sign == .minus ? "-0.0" : "0.0" }
        let text = value.magnitude.description
        let parts = text.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        var whole = String(mantissa[0]), fraction = mantissa.count > 1 ? String(mantissa[1]) : ""
        if fraction == "0" { fraction = "" }
        var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + whole.utf8.count - 1
        var digits = whole + fraction
        while digits.hasPrefix("0"), digits.utf8.count > 1 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.hasSuffix("0"), digits.utf8.count > 1 { digits.removeLast() }
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= 16 {
            let rest = digits.dropFirst()
            let power = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
            return "\(sign)\(digits.prefix(1))\(rest.isEmpty ? "" : "." + rest)e\(exponent < 0 ? "-" : "+")\(power)"
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        if digits.utf8.count <= exponent + 1 { return sign + digits + String(repeating: "0", count: exponent + 1 - digits.utf8.count) + ".0" }
        whole = String(digits.prefix(exponent + 1))
        return sign + whole + "." + digits.dropFirst(exponent + 1)
    }

    static func json(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : representation(value)
    }

    /// `int(text)`; nil where it is none.
    static func integer(_ text: [UInt8]) throws -> Int? {
        let text = strip(text, nil, left: true, right: true)
        let unsigned = text.first == Ascii.minus || text.first == Ascii.plus ? Array(text.dropFirst()) : text
        guard isAscii(text) else { throw JinjaFailure.unsupported("a number in a text that is not ASCII") }
        guard let digits = plainDigits(unsigned), !digits.isEmpty, digits.allSatisfy(Ascii.isDigit) else { return nil }
        guard let number = Int((text.first == Ascii.minus ? "-" : "") + String(decoding: digits, as: UTF8.self)) else {
            throw JinjaFailure.unsupported("a whole number of more than 64 bits")
        }
        return number
    }

    /// Without the underscores that may stand between digits; nil where one stands elsewhere.
    private static func plainDigits(_ text: [UInt8]) -> [UInt8]? {
        let underscore = UInt8(ascii: "_")
        var out: [UInt8] = []
        for (index, byte) in text.enumerated() {
            if byte == underscore {
                guard index > 0, index + 1 < text.count, Ascii.isDigit(text[index - 1]), Ascii.isDigit(text[index + 1]) else { return nil }
            } else {
                out.append(byte)
            }
        }
        return out
    }

    /// `float(text)`; nil where it is none.
    static func real(_ text: [UInt8]) -> Double? {
        let stripped = strip(text, nil, left: true, right: true)
        guard let plain = plainDigits(stripped), !plain.isEmpty else { return nil }
        let word = String(decoding: plain, as: UTF8.self).lowercased()
        let unsigned = word.hasPrefix("+") || word.hasPrefix("-") ? String(word.dropFirst()) : word
        if ["inf", "infinity"].contains(unsigned) { return word.hasPrefix("-") ? -.infinity : .infinity }
        if unsigned == "nan" { return .nan }
        // Swift reads hexadecimal numbers too, which Python does not.
        guard plain.allSatisfy({ Ascii.isDigit($0) || "+-.eE".utf8.contains($0) }) else { return nil }
        var decimal = word
        if unsigned.hasPrefix(".") { decimal = (word.hasPrefix("-") ? "-0" : "0") + unsigned }
        decimal = decimal.replacingOccurrences(of: ".e", with: ".0e")
        if decimal.hasSuffix(".") { decimal += "0" }
        guard unsigned.first.map({ $0.isNumber || $0 == "." }) == true, unsigned != "." else { return nil }
        return Double(decimal)
    }
}

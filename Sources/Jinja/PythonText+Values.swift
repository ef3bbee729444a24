import Foundation

/// How Python writes texts and numbers, and reads numbers.
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
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
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
        if digits.utf8.count <= exponent + 1 {
            return sign + digits + String(repeating: "0", count: exponent + 1 - digits.utf8.count) + ".0"
        }
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

    /// Without the underscores between digits; nil where one is elsewhere.
    private static func plainDigits(_ text: [UInt8]) -> [UInt8]? {
        let underscore = UInt8(ascii: "_")
        var out: [UInt8] = []
        for (index, byte) in text.enumerated() {
            if byte == underscore {
                guard index > 0, index + 1 < text.count, Ascii.isDigit(text[index - 1]), Ascii.isDigit(text[index + 1])
                else { return nil }
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

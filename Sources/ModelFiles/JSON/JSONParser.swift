import Foundation

/// A strict reader of JSON (RFC 8259) for untrusted bytes: valid UTF-8, no lone surrogates, no repeated keys, at most
/// `maximumDepth` levels and so many values. Whatever else it is given, it throws.
package struct JSONParser {
    static let maximumDepth = 128
    /// The largest tokenizer.json in use has two million. A value of two bytes of text takes some hundred bytes of
    /// memory.
    package static let maximumValues = 1 << 23

    private let bytes: [UInt8]
    private var position = 0
    private var valuesLeft: Int
    /// What the errors name.
    private let context: String

    /// - Parameter context: the file, or `file:line`, for error messages.
    package static func parse(_ data: some Sequence<UInt8>, context: String, maximumValues: Int = maximumValues) throws
        -> JSONValue
    {
        var parser = JSONParser(bytes: Array(data), context: context, maximumValues: maximumValues)
        parser.skipByteOrderMark()
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == parser.bytes.count else { throw parser.error("something follows the JSON value") }
        return value
    }

    /// Brackets at which `firstContainer` begins to read.
    private static let mostAttempts = 256

    /// The first object or array that a text holds whole, whatever stands around it; nil where none of its first
    /// brackets begins one.
    package static func firstContainer(in bytes: [UInt8]) -> JSONValue? {
        var parser = JSONParser(bytes: bytes, context: "", maximumValues: maximumValues)
        let brackets = bytes.indices.lazy.filter { bytes[$0] == UInt8(ascii: "{") || bytes[$0] == UInt8(ascii: "[") }
        for start in brackets.prefix(mostAttempts) {
            parser.position = start
            if let value = parser.attempt({ try $0.value(depth: 0) }) { return value }
        }
        return nil
    }

    /// Here it is no fault that something is not JSON.
    private mutating func attempt<Value>(_ read: (inout JSONParser) throws -> Value) -> Value? {
        do { return try read(&self) } catch { return nil }
    }

    private init(bytes: [UInt8], context: String, maximumValues: Int) {
        self.bytes = bytes
        self.context = context
        valuesLeft = maximumValues
    }

    private func error(_ what: String) -> LocalLMError {
        let before = bytes[..<min(position, bytes.count)]
        let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let column = before.count - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) + 1
        let place = line > 1 ? "line \(line), column \(column)" : "column \(column)"
        return LocalLMError(.damaged, "not valid JSON: \(what) at \(place)", context: context)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Some editors put one before the text of a file; readers may pass it over (RFC 8259, section 8.1).
    private mutating func skipByteOrderMark() {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        guard depth < Self.maximumDepth else { throw error("more than \(Self.maximumDepth) levels of nesting") }
        guard valuesLeft > 0 else { throw error("more values than any such file has, the last") }
        valuesLeft -= 1
        skipSpace()
        guard let byte = current else { throw error("the text ends where a value is due") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("an unexpected character")
        }
    }

    private mutating func literal(_ word: String, _ value: JSONValue) throws -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw error("an unexpected character") }
        position += word.utf8.count
        return value
    }

    private mutating func array(depth: Int) throws -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if current == UInt8(ascii: "]") { position += 1; return .array(values) }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            if current == UInt8(ascii: ",") { position += 1; continue }
            guard current == UInt8(ascii: "]") else { throw error("',' or ']' missing") }
            position += 1
            return .array(values)
        }
    }

    private mutating func object(depth: Int) throws -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        var keys = TokenTable(capacity: 8)
        skipSpace()
        if current == UInt8(ascii: "}") { position += 1; return .object(members) }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw error("a key in quotes missing") }
            var key = try string()
            guard key.withUTF8({ keys.insert($0, 0) }) else {
                throw error("the key \"\(key.prefix(60))\" a second time")
            }
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw error("':' missing") }
            position += 1
            members.append(.init(key, try value(depth: depth + 1)))
            skipSpace()
            if current == UInt8(ascii: ",") { position += 1; continue }
            guard current == UInt8(ascii: "}") else { throw error("',' or '}' missing") }
            position += 1
            return .object(members)
        }
    }

    private mutating func number() throws -> JSONValue {
        let start = position
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }
        func digits(_ parser: inout JSONParser) throws {
            guard isDigit(parser.current) else { throw parser.error("a malformed number") }
            while isDigit(parser.current) { parser.position += 1 }
        }
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
            if isDigit(current) { throw error("a number with a leading zero") }
        } else {
            try digits(&self)
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits(&self)
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits(&self)
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func string() throws -> String {
        position += 1
        var start = position
        var unescaped: [UInt8] = []
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                let text: String?
                if unescaped.isEmpty {
                    text = String(validating: bytes[start..<position], as: UTF8.self)
                } else {
                    text = String(validating: unescaped + bytes[start..<position], as: UTF8.self)
                }
                guard let text else { throw error("a string that is not UTF-8, ending") }
                position += 1
                return text
            case UInt8(ascii: "\\"):
                unescaped += bytes[start..<position]
                position += 1
                unescaped += UTF8.encode(try escaped())!
                start = position
            case 0..<0x20: throw error("a control character in a string")
            default: position += 1
            }
        }
        throw error("the text ends inside a string")
    }

    private mutating func escaped() throws -> Unicode.Scalar {
        guard let byte = current else { throw error("the text ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let first = try hexadecimal()
            if let scalar = Unicode.Scalar(first) { return scalar }
            guard first < 0xDC00, bytes[position...].starts(with: "\\u".utf8) else { throw error("a lone surrogate") }
            position += 2
            let second = try hexadecimal()
            guard (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            else { throw error("a lone surrogate") }
            return scalar
        default: throw error("an unknown escape")
        }
    }

    private mutating func hexadecimal() throws -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("a malformed \\u escape")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}

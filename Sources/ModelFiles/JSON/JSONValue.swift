/// A JSON text, kept exactly: members in their order, numbers as they were written, strings scalar by scalar.
///
/// Foundation's decoders do not serve here: they put members into dictionaries keyed by `String`, for which "é" as
/// one scalar and as two are the same key, while a vocabulary holds both as different tokens.
public indirect enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The number's own text, of JSON's grammar.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    public struct Member: Sendable, Hashable {
        public let key: String
        public var value: JSONValue

        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    public static func integer(_ value: Int) -> JSONValue { .number(String(value)) }
    /// The shortest text that reads back as the same Float, 1e-05 for example.
    public static func real(_ value: Float) -> JSONValue { .number("\(value)") }

    public var members: [Member]? { if case .object(let members) = self { members } else { nil } }
    public var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var isNull: Bool { if case .null = self { true } else { false } }
    /// Null, false, an empty array or an empty object: what says that a setting is not used.
    public var isOff: Bool { isNull || bool == false || array?.isEmpty == true || members?.isEmpty == true }
    /// A whole number written as one (`5`, not `5.0`) that fits.
    public var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }
    /// A finite number.
    public var real: Double? {
        guard case .number(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// The member of this name, compared byte by byte; nil also where this is not an object. Null counts as absent.
    public subscript(key: String) -> JSONValue? {
        guard let member = members?.first(where: { $0.key.utf8.elementsEqual(key.utf8) }), !member.value.isNull else {
            return nil
        }
        return member.value
    }

    /// What kind of value this is, for error messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number(let text): "the number \(text.prefix(40))"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The same object with a member replaced in place, added at the end, or (nil) removed.
    public func setting(_ key: String, _ value: JSONValue?) -> JSONValue {
        var members = self.members ?? []
        let index = members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
        switch (index, value) {
        case (let index?, let value?): members[index].value = value
        case (let index?, nil): members.remove(at: index)
        case (nil, let value?): members.append(Member(key, value))
        case (nil, nil): break
        }
        return .object(members)
    }

    /// The same object with its members ordered by the bytes of their keys.
    public func sortedByKey() -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    }

    // MARK: Writing

    /// JSON text. With `indented`, two spaces a level and a newline at the end, as Python's `json.dumps(indent=2)`
    /// writes it; without, one line. Line separators inside strings are escaped, so that a row is one line to any
    /// reader.
    public func text(indented: Bool = false) -> String {
        var out: [UInt8] = []
        write(to: &out, indent: indented ? 0 : nil)
        if indented { out.append(UInt8(ascii: "\n")) }
        return String(decoding: out, as: UTF8.self)
    }

    private func write(to out: inout [UInt8], indent: Int?) {
        func list<Element>(_ open: String, _ close: String, _ elements: [Element], _ each: (Element) -> Void) {
            out += open.utf8
            let inner = indent.map { $0 + 2 }
            for (index, element) in elements.enumerated() {
                if index > 0 { out += (inner == nil ? ", " : ",").utf8 }
                if let inner { out += ("\n" + String(repeating: " ", count: inner)).utf8 }
                each(element)
            }
            if let indent, !elements.isEmpty { out += ("\n" + String(repeating: " ", count: indent)).utf8 }
            out += close.utf8
        }
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .number(let text): out += text.utf8
        case .string(let text): Self.write(text, to: &out)
        case .array(let values): list("[", "]", values) { $0.write(to: &out, indent: indent.map { $0 + 2 }) }
        case .object(let members):
            list("{", "}", members) {
                Self.write($0.key, to: &out)
                out += ": ".utf8
                $0.value.write(to: &out, indent: indent.map { $0 + 2 })
            }
        }
    }

    private static func write(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\"".utf8
            case "\\": out += "\\\\".utf8
            case "\n": out += "\\n".utf8
            case "\r": out += "\\r".utf8
            case "\t": out += "\\t".utf8
            case _
            where scalar.value < 0x20 || scalar.value == 0x85 || scalar.value == 0x2028 || scalar.value == 0x2029:
                let digits = String(scalar.value, radix: 16)
                out += ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8
            default: out += UTF8.encode(scalar)!
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}

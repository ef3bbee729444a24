/// For values that pass through Foundation's coders: columns of the lineage, answers of the API. Members are then
/// ordered by key, and a number is as exact as Foundation reads it.
extension JSONValue: Codable {
    public static func double(_ value: Double) -> JSONValue { .number("\(value)") }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try Self.attempt({ try container.decode(Bool.self) }) {
            self = .bool(value)
        } else if let value = try Self.attempt({ try container.decode(Double.self) }) {
            self = try Self.number(value, container)
        } else if let value = try Self.attempt({ try container.decode(String.self) }) {
            self = .string(value)
        } else if let value = try Self.attempt({ try container.decode([JSONValue].self) }) {
            self = .array(value)
        } else {
            let members = try container.decode([String: JSONValue].self)
            self = .object(members.sorted { $0.key < $1.key }.map { Member($0.key, $0.value) })
        }
    }

    /// Asked for an Int where the number has none, Foundation throws an error that it does not document: so ask only
    /// where it has one.
    private static func number(_ value: Double, _ container: any SingleValueDecodingContainer) throws -> JSONValue {
        guard value.rounded() == value else { return .double(value) }
        if abs(value) < 9e18 { return .integer(try container.decode(Int.self)) }
        // Seeds take all 64 bits.
        guard value > 0, value <= 0x1p64 else { return .double(value) }
        do { return .number("\(try container.decode(UInt64.self))") } catch { return .double(value) }
    }

    /// A value of another type is no error here, but a reason to try the next one.
    private static func attempt<Value>(_ decode: () throws -> Value) throws -> Value? {
        do { return try decode() } catch is DecodingError { return nil }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let text):
            if let value = Int(text) {
                try container.encode(value)
            } else if let value = UInt64(text) {
                try container.encode(value)
            } else if let value = Double(text) {
                try container.encode(value)
            } else {
                throw EncodingError.invalidValue(
                    text,
                    EncodingError.Context(codingPath: encoder.codingPath, debugDescription: "not a number")
                )
            }
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members):
            try container.encode(
                Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
            )
        }
    }
}

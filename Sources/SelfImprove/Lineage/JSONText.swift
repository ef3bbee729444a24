import Foundation
import GRDB

/// A column of JSON whose shape depends on the row: settings of a model, data of an event.
///
/// The text has sorted keys, so equal values are equal bytes. Encoded to JSON it is the value itself, not a string.
public struct JSONText: Sendable, Hashable, Codable, DatabaseValueConvertible {
    public let text: String

    public init(text: String) { self.text = text }

    /// - Throws: `EncodingError` for a value that JSON cannot say (infinity, for one).
    public init(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        text = String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    public init(from decoder: any Decoder) throws { self = try JSONText(JSONValue(from: decoder)) }
    public func encode(to encoder: any Encoder) throws { try decode(JSONValue.self).encode(to: encoder) }

    public var databaseValue: DatabaseValue { text.databaseValue }
    public static func fromDatabaseValue(_ value: DatabaseValue) -> JSONText? {
        String.fromDatabaseValue(value).map { JSONText(text: $0) }
    }
}

/// Any JSON.
public enum JSONValue: Sendable, Hashable, Codable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try Self.attempt({ try container.decode(Bool.self) }) {
            self = .bool(value)
        } else if let value = try Self.attempt({ try container.decode(Double.self) }) {
            // Asked for an Int where the number has none, Foundation throws an error that it does not document: so ask
            // only then.
            self =
                value.rounded() == value && abs(value) < 9e18
                ? .integer(try container.decode(Int.self)) : .number(value)
        } else if let value = try Self.attempt({ try container.decode(String.self) }) {
            self = .string(value)
        } else if let value = try Self.attempt({ try container.decode([JSONValue].self) }) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
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
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

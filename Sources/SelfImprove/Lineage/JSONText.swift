import Foundation
import GRDB
import ModelFiles

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

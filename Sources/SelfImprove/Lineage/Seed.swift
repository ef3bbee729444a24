import GRDB

/// A 64-bit seed. SQLite's integers are signed, so its column is decimal text.
public struct Seed: Sendable, Hashable, Codable, DatabaseValueConvertible, ExpressibleByIntegerLiteral,
    CustomStringConvertible
{
    public let value: UInt64

    public init(_ value: UInt64) { self.value = value }
    public init(integerLiteral value: UInt64) { self.value = value }
    public init(from decoder: any Decoder) throws { value = try decoder.singleValueContainer().decode(UInt64.self) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }

    public var description: String { String(value) }
    public var databaseValue: DatabaseValue { String(value).databaseValue }
    public static func fromDatabaseValue(_ value: DatabaseValue) -> Seed? {
        guard let text = String.fromDatabaseValue(value), let number = UInt64(text) else { return nil }
        return Seed(number)
    }
}

import Foundation

/// A moment as people write it: ISO 8601 with a time zone, `2026-12-01T08:00:00Z`. So it stands in files and in JSON,
/// too.
public struct Moment: Sendable, Equatable, Codable, CustomStringConvertible {
    public let date: Date

    public init(_ date: Date) { self.date = date }

    /// nil for anything else.
    public init?(_ text: String) {
        guard let date = ISO8601DateFormatter().date(from: text), Self.isReal(text) else { return nil }
        self.init(date)
    }

    /// Whether the calendar has the day: the formatter reads February 30 as the second of March.
    private static func isReal(_ text: String) -> Bool {
        let parts = text.prefix(10).split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return false }
        let day = DateComponents(
            calendar: Calendar(identifier: .gregorian),
            year: parts[0],
            month: parts[1],
            day: parts[2]
        )
        return day.isValidDate
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let moment = Moment(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no moment in ISO 8601")
        }
        self = moment
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public var description: String { ISO8601DateFormatter().string(from: date) }
}

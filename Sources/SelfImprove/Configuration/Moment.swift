import Foundation

/// A moment as people write it: ISO 8601 with a time zone, `2026-12-01T08:00:00Z`. So it stands in files and in JSON, too.
public struct Moment: Sendable, Equatable, Codable, CustomStringConvertible {
    public let date: Date

    public init(_ date: Date) { self.date = date }

    /// nil for anything else.
    public init?(_ text: String) {
        guard let date = ISO8601DateFormatter().date(from: text) else { return nil }
        self.init(date)
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

/// Bytes as people write them: `500MB`, `20GB`, `1TB` (powers of 1,000).
public enum ByteCount {
    private static let units: [(suffix: String, bytes: Double)] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6)]

    /// nil for anything else.
    public static func bytes(_ text: String) -> Int? {
        for (suffix, size) in units where text.hasSuffix(suffix) {
            guard let value = Double(text.dropLast(suffix.count)), value > 0, value * size < 9e18 else { return nil }
            return Int(value * size)
        }
        return nil
    }

    /// The largest unit that leaves a whole number, or megabytes.
    public static func words(_ bytes: Int) -> String {
        for (suffix, size) in units
        where Double(bytes) >= size && Double(bytes).truncatingRemainder(dividingBy: size) == 0 {
            return "\(bytes / Int(size))\(suffix)"
        }
        return String(format: "%.1fMB", Double(bytes) / 1e6)
    }
}

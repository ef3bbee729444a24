import Foundation

/// An estimate, never without its interval and the number of prompts that it rests on.
///
/// As JSON `{"value","low","high","n"}`; a difference calls its value `estimate` (`encode(difference:to:)`).
public struct Interval: Sendable, Hashable, Codable {
    public var value: Double
    /// Ends of the interval.
    public var low: Double
    public var high: Double
    public var n: Int

    public init(value: Double, low: Double, high: Double, n: Int) {
        self.value = value
        self.low = low
        self.high = high
        self.n = n
    }
}

/// An accuracy, 0 to 1, with its 95% interval.
public typealias Score = Interval

extension Interval {
    private enum DifferenceKeys: String, CodingKey {
        case value = "estimate"
        case low, high, n
    }

    /// A difference between two models in words: `+3.1 points (+1.1 to +5.2, n = 1400)`.
    public var differenceWords: String {
        let points = [value, low, high].map { String(format: "%+.1f", 100 * $0) }
        return "\(points[0]) points (\(points[1]) to \(points[2]), n = \(n))"
    }

    /// As a difference between two models: `{"estimate","low","high","n"}`.
    func encode<Key>(difference key: Key, to container: inout KeyedEncodingContainer<Key>) throws {
        var difference = container.nestedContainer(keyedBy: DifferenceKeys.self, forKey: key)
        try difference.encode(value, forKey: .value)
        try difference.encode(low, forKey: .low)
        try difference.encode(high, forKey: .high)
        try difference.encode(n, forKey: .n)
    }
}

import Foundation

/// How the limits of a criterion are written: the one grammar of the YAML file, the HTTP API and `selfimprove
/// criteria`.
struct StopUnit<Limit: Sendable>: Sendable {
    /// What a limit must be.
    let wanted: String
    /// The same as a regular expression, for the API's description; narrower than `read` in what it allows.
    let pattern: String
    /// Of a limit in JSON.
    let jsonType: String
    /// nil for a text that is no limit.
    let read: @Sendable (String) -> Limit?
    /// What `read` gives this very limit for.
    let words: @Sendable (Limit) -> String
}

extension StopUnit<Int> {
    static var count: Self {
        StopUnit(
            wanted: "a whole number from 1",
            pattern: "[1-9][0-9]{0,8}",
            jsonType: "integer",
            read: { text in Int(text.replacing("_", with: "")).flatMap { $0 >= 1 ? $0 : nil } },
            words: { "\($0)" }
        )
    }

    static var bytes: Self {
        StopUnit(
            wanted: "a size such as 500MB or 20GB",
            pattern: "[1-9][0-9]{0,5}(MB|GB|TB)",
            jsonType: "string",
            read: ByteCount.bytes,
            words: ByteCount.exact
        )
    }
}

extension StopUnit<Double> {
    /// - Parameters:
    ///   - wanted: what `fits` tests, in words.
    ///   - pattern: the same as a regular expression.
    static func number(_ wanted: String, pattern: String, _ fits: @escaping @Sendable (Double) -> Bool) -> Self {
        StopUnit(
            wanted: "a number \(wanted)",
            pattern: pattern,
            jsonType: "number",
            read: { text in Double(text.replacing("_", with: "")).flatMap { $0.isFinite && fits($0) ? $0 : nil } },
            words: { $0 == $0.rounded() && abs($0) < 1e15 ? "\(Int($0))" : "\($0)" }
        )
    }

    /// Seconds.
    static var duration: Self {
        StopUnit(
            wanted: "a time such as 90s, 30m, 6h or 2d",
            pattern: "[1-9][0-9]{0,5}[smhd]",
            jsonType: "string",
            read: Duration.seconds,
            words: Duration.words
        )
    }
}

extension StopUnit<Moment> {
    static var moment: Self {
        StopUnit(
            wanted: "a moment such as 2026-12-01T08:00:00Z",
            pattern:
                "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z",
            jsonType: "string",
            read: { Moment($0) },
            words: { $0.description }
        )
    }
}

extension StopUnit<Bound> {
    static var bound: Self {
        StopUnit(
            wanted: "a bound such as above 1.5 or below 0.2",
            pattern: "(above|below)[ :]-?[0-9]+(\\.[0-9]+)?",
            jsonType: "string",
            read: { Bound($0) },
            words: { $0.description }
        )
    }
}

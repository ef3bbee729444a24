/// What a figure of a round may not pass: `above 1.5`, `below 0.2`.
public struct Bound: Sendable, Equatable, CustomStringConvertible {
    public enum Side: String, Sendable { case above, below }
    public var side: Side
    public var value: Double

    public init(_ side: Side, _ value: Double) {
        self.side = side
        self.value = value
    }

    /// The two words, with a space or a colon between them; nil for anything else.
    public init?(_ text: String) {
        let words = text.split(whereSeparator: { $0 == " " || $0 == ":" })
        guard words.count == 2, let side = Side(rawValue: String(words[0])), let value = Double(words[1]),
            value.isFinite
        else { return nil }
        self.init(side, value)
    }

    public var description: String { "\(side.rawValue) \(value)" }

    public func isPassed(by figure: Double) -> Bool { side == .above ? figure > value : figure < value }
}

/// When a campaign ends: at the first that holds, looked at between rounds (`StopCheck`). nil is off.
public struct StopCriteria: Sendable, Equatable, Codable {
    public var rounds: Int?
    /// Stop once the champion's held-out score on the gate set reaches this (0 to 1), by the interval's lower end.
    public var targetScore: Double?
    /// Stop after this many rounds in a row without promotion.
    public var patience: Int?
    /// Stop once the champion is worse by more than this (0 to 1) than the best one it descends from, on the set that is only
    /// reported, by the lower end of the interval: the gate is off, or its set is overfitted.
    public var regression: Double?
    /// Seconds of running, summed over restarts.
    public var wallClockSeconds: Double?
    /// Tokens generated, scored and trained.
    public var tokens: Int?
    /// In the currency of `price_per_hour`.
    public var money: Double?
    /// No round begins after this moment.
    public var deadline: Moment?
    /// No round begins once the state directory takes so many bytes.
    public var diskBytes: Int?
    /// Bounds on what rounds record, by the figure's name.
    public var figures: [String: Bound]?

    /// What a figure of a round may not pass: `above 1.5`, `below 0.2`.
    public struct Bound: Sendable, Equatable, Codable, CustomStringConvertible {
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

        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            guard let bound = Bound(try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(
                    in: container,
                    debugDescription: "no bound such as \"above 1.5\""
                )
            }
            self = bound
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(description)
        }

        public var description: String { "\(side.rawValue) \(value)" }

        public func isPassed(by figure: Double) -> Bool { side == .above ? figure > value : figure < value }
    }

    public init(
        rounds: Int? = nil,
        targetScore: Double? = nil,
        patience: Int? = nil,
        regression: Double? = nil,
        wallClockSeconds: Double? = nil,
        tokens: Int? = nil,
        money: Double? = nil,
        deadline: Moment? = nil,
        diskBytes: Int? = nil,
        figures: [RoundFigure: Bound] = [:]
    ) {
        self.rounds = rounds
        self.targetScore = targetScore
        self.patience = patience
        self.regression = regression
        self.wallClockSeconds = wallClockSeconds
        self.tokens = tokens
        self.money = money
        self.deadline = deadline
        self.diskBytes = diskBytes
        for (figure, bound) in figures { self[figure] = bound }
    }

    /// The bound of a figure.
    public subscript(_ figure: RoundFigure) -> Bound? {
        get { figures?[figure.rawValue] }
        set {
            figures = figures ?? [:]
            figures![figure.rawValue] = newValue
            if figures!.isEmpty { figures = nil }
        }
    }
}

/// Criteria by the names that people write.
extension StopCriteria {
    public static let keys =
        ["rounds", "target_score", "patience", "regression", "wall_clock", "tokens", "money", "deadline", "disk"]
        + RoundFigure.allCases.map(\.rawValue)

    /// Every criterion as its key and value in words.
    public var words: [(key: String, value: String)] {
        [
            ("rounds", rounds.map(String.init) ?? "off"), ("target_score", targetScore.map { "\($0)" } ?? "off"),
            ("patience", patience.map(String.init) ?? "off"), ("regression", regression.map { "\($0)" } ?? "off"),
            ("wall_clock", wallClockSeconds.map { "\(Int($0))s" } ?? "off"),
            ("tokens", tokens.map(String.init) ?? "off"),
            ("money", money.map { "\($0)" } ?? "off"), ("deadline", deadline.map { "\($0)" } ?? "off"),
            ("disk", diskBytes.map(ByteCount.words) ?? "off"),
        ] + RoundFigure.allCases.map { ($0.rawValue, self[$0]?.description ?? "off") }
    }

    /// - Throws: `.input` for a key that is none, or a value that does not fit it.
    public mutating func set(_ key: String, _ value: String) throws {
        func read<Value>(_ wanted: String, _ read: (String) -> Value?) throws -> Value? {
            if value == "off" { return nil }
            guard let result = read(value) else {
                throw SelfImproveError(.input, "\(key) cannot be \"\(value)\"", hint: "it must be \(wanted), or off")
            }
            return result
        }
        func whole() throws -> Int? {
            try read("a whole number from 1") { text in Int(text).flatMap { $0 >= 1 ? $0 : nil } }
        }
        func number(_ words: String, _ fits: (Double) -> Bool) throws -> Double? {
            try read(words) { text in Double(text).flatMap { $0.isFinite && fits($0) ? $0 : nil } }
        }
        switch key {
        case "rounds": rounds = try whole()
        case "patience": patience = try whole()
        case "tokens": tokens = try whole()
        case "target_score": targetScore = try number("above 0, at most 1") { $0 > 0 && $0 <= 1 }
        case "regression": regression = try number("from 0 to below 1") { $0 >= 0 && $0 < 1 }
        case "money": money = try number("above 0") { $0 > 0 }
        case "wall_clock": wallClockSeconds = try read("a time such as 90s, 30m, 6h or 2d", Duration.seconds)
        case "deadline": deadline = try read("a moment such as 2026-12-01T08:00:00Z", Moment.init)
        case "disk": diskBytes = try read("a size such as 500MB or 20GB", ByteCount.bytes)
        default:
            guard let figure = RoundFigure(rawValue: key) else {
                throw SelfImproveError(
                    .input,
                    "there is no criterion \"\(key)\"",
                    hint: "there are: \(Self.keys.joined(separator: ", "))"
                )
            }
            self[figure] = try read("a bound such as \"above 1.5\" or \"below 0.2\"", Bound.init)
        }
    }
}

import Foundation

/// Which stop criterion will probably fire first, by what a campaign's rounds are reckoned to take.
public struct StopForecast: Sendable, Equatable, Encodable {
    /// What is expected of the campaign.
    public struct Expectation: Sendable {
        public var preparationSeconds: Double
        public var roundSeconds: Double
        public var preparationTokens: Int
        public var roundTokens: Int
        public var roundBytes: Int
        /// That the state directory takes now.
        public var bytes: Int
        public var pricePerHour: Double?
        public var now: Date

        public init(
            preparationSeconds: Double,
            roundSeconds: Double,
            preparationTokens: Int,
            roundTokens: Int,
            roundBytes: Int,
            bytes: Int,
            pricePerHour: Double?,
            now: Date
        ) {
            self.preparationSeconds = preparationSeconds
            self.roundSeconds = roundSeconds
            self.preparationTokens = preparationTokens
            self.roundTokens = roundTokens
            self.roundBytes = roundBytes
            self.bytes = bytes
            self.pricePerHour = pricePerHour
            self.now = now
        }
    }

    public struct Entry: Sendable, Equatable, Encodable {
        public var criterion: String
        /// Criteria are looked at between rounds: how many are done then. 0: before the first.
        public var round: Int
        /// Of running until then.
        public var seconds: Double
    }

    /// Those that can be reckoned, the first one first.
    public var expected: [Entry]
    /// Those that depend on what the rounds bring.
    public var open: [String]

    public init(_ criteria: StopCriteria, _ e: Expectation) {
        var expected: [Entry] = []
        func add(_ criterion: String, _ rounds: Double?) {
            guard let rounds, rounds < 1e9 else { return }
            let round = max(0, Int(rounds.rounded(.up)))
            expected.append(
                Entry(
                    criterion: criterion,
                    round: round,
                    seconds: e.preparationSeconds + Double(round) * e.roundSeconds
                )
            )
        }
        func roundsUntil(_ seconds: Double) -> Double { (seconds - e.preparationSeconds) / max(e.roundSeconds, 1e-9) }
        add("rounds", criteria.rounds.map(Double.init))
        add("wall_clock", criteria.wallClockSeconds.map(roundsUntil))
        add("tokens", criteria.tokens.map { Double($0 - e.preparationTokens) / Double(max(e.roundTokens, 1)) })
        add("money", criteria.money.flatMap { money in e.pricePerHour.map { roundsUntil(money / $0 * 3600) } })
        add("deadline", criteria.deadline.map { roundsUntil($0.date.timeIntervalSince(e.now)) })
        add("disk", criteria.diskBytes.map { Double($0 - e.bytes) / Double(max(e.roundBytes, 1)) })
        self.expected = expected.sorted { ($0.round, $0.criterion) < ($1.round, $1.criterion) }
        let reckoned = Set(expected.map(\.criterion))
        open = criteria.words.filter { $0.value != "off" && !reckoned.contains($0.key) }.map(\.key)
    }
}

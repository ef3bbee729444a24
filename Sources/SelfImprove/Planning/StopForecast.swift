import Foundation

/// Which stop criterion will probably fire first, by what a campaign's rounds are expected to take.
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
        /// nil where prompts are made, not drawn.
        public var pool: PromptPool?

        public init(
            preparationSeconds: Double,
            roundSeconds: Double,
            preparationTokens: Int,
            roundTokens: Int,
            roundBytes: Int,
            bytes: Int,
            pricePerHour: Double?,
            now: Date,
            pool: PromptPool? = nil
        ) {
            self.preparationSeconds = preparationSeconds
            self.roundSeconds = roundSeconds
            self.preparationTokens = preparationTokens
            self.roundTokens = roundTokens
            self.roundBytes = roundBytes
            self.bytes = bytes
            self.pricePerHour = pricePerHour
            self.now = now
            self.pool = pool
        }

        /// Rounds that are done after so many seconds of running, in parts too; negative within the preparation.
        func rounds(until seconds: Double) -> Double { (seconds - preparationSeconds) / max(roundSeconds, 1e-9) }
    }

    public struct Entry: Sendable, Equatable, Encodable {
        public var criterion: String
        /// Criteria are looked at between rounds: how many are done then. 0: before the first.
        public var round: Int
        /// Of running until then.
        public var seconds: Double
    }

    /// Those that can be foreseen, the first one first.
    public var expected: [Entry] = []
    /// Those that depend on what the rounds bring.
    public var open: [String] = []

    /// Rounds that nobody will see.
    private static let never = 1e9

    public init(_ criteria: StopCriteria, _ e: Expectation) {
        func expect(_ key: String, after rounds: Double) {
            let round = max(0, Int(rounds.rounded(.up)))
            expected.append(
                Entry(criterion: key, round: round, seconds: e.preparationSeconds + Double(round) * e.roundSeconds)
            )
        }
        for (criterion, limit) in criteria.active {
            guard let rounds = criterion.forecast(limit, e), rounds < Self.never else {
                open.append(criterion.key)
                continue
            }
            expect(criterion.key, after: rounds)
        }
        // Without prompts no round begins, also where nothing is said of them.
        if let pool = e.pool, criteria["prompts"] == nil { expect("prompts", after: Double(pool.rounds)) }
        expected.sort { ($0.round, $0.criterion) < ($1.round, $1.criterion) }
    }
}

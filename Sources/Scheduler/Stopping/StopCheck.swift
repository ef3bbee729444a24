import Foundation
import SelfImprove

/// Whether a campaign should end, looked at between rounds.
public struct StopCheck: Sendable {
    /// What the criteria are held against.
    public struct Situation: Sendable, Equatable {
        /// Rounds that were ended, abandoned ones included.
        public var rounds: Int
        /// The champion on the gate set.
        public var score: Score?
        /// Rounds in a row, up to the last one, that promoted nothing.
        public var roundsWithoutPromotion: Int
        /// By how much the best champion that this one descends from is better than it, on the reported set; nil where it is the best.
        public var drop: Interval?
        public var seconds: Double
        public var tokens: Int
        /// Spent, by the hours of running and their price.
        public var money: Double
        public var now: Date
        /// That the state directory takes.
        public var diskBytes: Int
        /// Of the last round, by `RoundFigure`.
        public var figures: [String: Double]

        public init(
            rounds: Int,
            score: Score?,
            roundsWithoutPromotion: Int,
            drop: Interval? = nil,
            seconds: Double,
            tokens: Int,
            money: Double = 0,
            now: Date,
            diskBytes: Int,
            figures: [String: Double] = [:]
        ) {
            self.drop = drop
            self.money = money
            self.figures = figures
            self.rounds = rounds
            self.score = score
            self.roundsWithoutPromotion = roundsWithoutPromotion
            self.seconds = seconds
            self.tokens = tokens
            self.now = now
            self.diskBytes = diskBytes
        }
    }

    public var criteria: StopCriteria

    public init(_ criteria: StopCriteria) { self.criteria = criteria }

    /// The first criterion that holds, in words; nil: go on.
    public func reason(_ now: Situation) -> String? {
        if let rounds = criteria.rounds, now.rounds >= rounds { return "\(now.rounds) of \(rounds) rounds are done" }
        if let target = criteria.targetScore, let score = now.score, score.low >= target {
            return String(
                format: "the target score of %.1f%% is reached: %.1f%% (%.1f to %.1f, n = %d)",
                100 * target,
                100 * score.value,
                100 * score.low,
                100 * score.high,
                score.n
            )
        }
        if let patience = criteria.patience, now.roundsWithoutPromotion >= patience {
            return "\(now.roundsWithoutPromotion) rounds in a row without a significant gain (patience is \(patience))"
        }
        if let limit = criteria.regression, let drop = now.drop, drop.low > limit {
            return String(
                format:
                    "the champion lost %.1f points (%.1f to %.1f, n = %d) against the best before it; regression is %.1f",
                100 * drop.value,
                100 * drop.low,
                100 * drop.high,
                drop.n,
                100 * limit
            )
        }
        if let limit = criteria.wallClockSeconds, now.seconds >= limit {
            return String(format: "it ran for %.0f s; the limit is %.0f s", now.seconds, limit)
        }
        if let limit = criteria.tokens, now.tokens >= limit {
            return "it used \(now.tokens) tokens; the limit is \(limit)"
        }
        if let limit = criteria.money, now.money >= limit {
            return String(format: "it cost %.2f; the limit is %.2f", now.money, limit)
        }
        if let deadline = criteria.deadline, now.now >= deadline.date { return "the deadline has passed: \(deadline)" }
        if let limit = criteria.diskBytes, now.diskBytes >= limit {
            return
                "the state directory takes \(ByteCount.words(now.diskBytes / 1_000_000 * 1_000_000)); the limit is \(ByteCount.words(limit))"
        }
        for figure in RoundFigure.allCases {
            if let bound = criteria[figure], let value = now.figures[figure.rawValue], bound.isPassed(by: value) {
                return "\(figure.rawValue) of the last round is \(String(format: "%.3f", value)), \(bound)"
            }
        }
        return nil
    }
}

extension StopCheck.Situation {
    /// As the lineage has it.
    public init(_ campaign: CampaignRecord, in lineage: Lineage, now: Date) throws {
        let rounds = try lineage.rounds(campaign.name).filter { $0.outcome != nil }
        let score = try campaign.champion.flatMap {
            try lineage.evaluation(of: $0, on: .gate, campaign: campaign.name)
        }?.score
        // A rollback is a new beginning: what failed before it is not held against what comes after. Events are in their order, whatever
        // the clock said.
        let events = try lineage.events(campaign.name)
        let lastRollback = events.lastIndex { $0.kind == .rolledBack } ?? events.startIndex - 1
        let endedSince = Set(
            events[(lastRollback + 1)...].filter { $0.kind == .promoted || $0.kind == .kept }.compactMap(\.round)
        )
        let counted = rounds.filter { endedSince.contains($0.round) }
        self.init(
            rounds: rounds.count,
            score: score,
            roundsWithoutPromotion: counted.reversed().prefix { $0.outcome != .promoted }.count,
            drop: campaign.criteria.regression == nil ? nil : try Self.drop(campaign, rounds, lineage),
            seconds: campaign.runningSeconds,
            tokens: try lineage.tokensSpent(campaign.name),
            money: campaign.money,
            now: now,
            diskBytes: campaign.criteria.diskBytes == nil ? 0 : try lineage.files.bytes(),
            figures: try counted.last { $0.figures != nil }?.figures?.decode([String: Double].self) ?? [:]
        )
    }

    /// On the same prompts; a rollback on purpose is no regression, for what came after is no ancestor.
    private static func drop(_ campaign: CampaignRecord, _ rounds: [RoundRecord], _ lineage: Lineage) throws
        -> Interval?
    {
        guard let champion = campaign.champion else { return nil }
        let line = try lineage.line(of: champion)
        let champions = ([campaign.initialModel] + rounds.filter { $0.outcome == .promoted }.map(\.championAfter))
            .compactMap { $0 }.filter(line.contains)
        let evaluations = try Set(champions + [champion]).compactMap {
            try lineage.evaluation(of: $0, on: .report, campaign: campaign.name)
        }
        guard let own = evaluations.first(where: { $0.model == champion }),
            let best = evaluations.max(by: { ($0.correct, $1.model ?? "") < ($1.correct, $0.model ?? "") }),
            best.correct > own.correct,
            let bestID = best.id, let ownID = own.id
        else { return nil }
        let marks = Dictionary(
            uniqueKeysWithValues: try lineage.evaluationAnswers(ownID).map { ($0.promptId, $0.correct) }
        )
        let differences = try lineage.evaluationAnswers(bestID).compactMap { answer in
            marks[answer.promptId].map { (answer.correct ? 1.0 : 0) - ($0 ? 1.0 : 0) }
        }
        guard !differences.isEmpty else { return nil }
        return PairedBootstrap(resamples: 2000, seed: campaign.configuration.seed).interval(
            differences,
            confidence: 0.95
        )
    }
}

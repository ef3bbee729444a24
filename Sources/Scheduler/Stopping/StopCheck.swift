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
        public var seconds: Double
        public var tokens: Int
        public var now: Date
        /// That the state directory takes.
        public var diskBytes: Int

        public init(rounds: Int, score: Score?, roundsWithoutPromotion: Int, seconds: Double, tokens: Int, now: Date, diskBytes: Int) {
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
                format: "the target score of %.1f%% is reached: %.1f%% (%.1f to %.1f, n = %d)", 100 * target, 100 * score.value, 100 * score.low,
                100 * score.high, score.n)
        }
        if let patience = criteria.patience, now.roundsWithoutPromotion >= patience {
            return "\(now.roundsWithoutPromotion) rounds in a row without a significant gain (patience is \(patience))"
        }
        if let limit = criteria.wallClockSeconds, now.seconds >= limit {
            return String(format: "it ran for %.0f s; the limit is %.0f s", now.seconds, limit)
        }
        if let limit = criteria.tokens, now.tokens >= limit { return "it used \(now.tokens) tokens; the limit is \(limit)" }
        if let deadline = criteria.deadline, now.now >= deadline.date { return "the deadline has passed: \(deadline)" }
        if let limit = criteria.diskBytes, now.diskBytes >= limit {
            return "the state directory takes \(ByteCount.words(now.diskBytes / 1_000_000 * 1_000_000)); the limit is \(ByteCount.words(limit))"
        }
        return nil
    }
}

extension StopCheck.Situation {
    /// As the lineage has it.
    public init(_ campaign: CampaignRecord, in lineage: Lineage, now: Date) throws {
        let rounds = try lineage.rounds(campaign.name).filter { $0.outcome != nil }
        let score = try campaign.champion.flatMap { try lineage.evaluation(of: $0, on: .gate, campaign: campaign.name) }?.score
        // A rollback is a new beginning: what failed before it is not held against what comes after.
        let lastRollback = try lineage.events(campaign.name).last { $0.kind == .rolledBack }?.at
        let counted = rounds.filter { round in lastRollback.map { (round.endedAt ?? .distantPast) > $0 } ?? true }
        self.init(
            rounds: rounds.count, score: score, roundsWithoutPromotion: counted.reversed().prefix { $0.outcome != .promoted }.count,
            seconds: campaign.runningSeconds, tokens: try lineage.tokensSpent(campaign.name), now: now,
            diskBytes: campaign.criteria.diskBytes == nil ? 0 : try lineage.files.bytes())
    }
}

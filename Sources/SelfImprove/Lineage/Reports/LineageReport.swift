import Foundation
import GRDB

/// A campaign's rounds with their scores, as `selfimprove lineage --json` prints them.
public struct LineageReport: Sendable, Equatable, Encodable {
    public struct Scored: Sendable, Equatable, Encodable {
        public var model: String
        public var score: Score?
        /// By strict and by lenient marks, here and below where the campaign has both.
        public var marks: BothScores?
    }

    public struct StageModel: Sendable, Equatable, Encodable {
        public var stage: Stage
        public var model: String
        public var score: Score?
        public var marks: BothScores?
    }

    public struct Round: Sendable, Equatable, Encodable {
        public var round: Int
        public var parent: String
        public var stages: [StageModel]
        public var challenger: String?
        public var outcome: RoundOutcome
        public var reason: String
        /// After the round.
        public var champion: String
        /// Of the champion after the round.
        public var score: Score?
        public var marks: BothScores?
        public var seconds: Double

        enum CodingKeys: CodingKey {
            case round, parent, stages, challenger, outcome, reason, champion, score, marks, seconds
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(round, forKey: .round)
            try container.encode(parent, forKey: .parent)
            try container.encode(stages, forKey: .stages)
            try container.encode(challenger, forKey: .challenger)  // null where there was none
            try container.encode(outcome, forKey: .outcome)
            try container.encode(reason, forKey: .reason)
            try container.encode(champion, forKey: .champion)
            try container.encode(score, forKey: .score)
            try container.encodeIfPresent(marks, forKey: .marks)
            try container.encode(seconds, forKey: .seconds)
        }
    }

    public var campaign: String
    public var seed: Seed
    public var champion: String?
    public var initial: Scored?
    /// Rounds that were ended, in the order of their numbers. A rollback removes none.
    public var rounds: [Round]
    /// Peers in quarantine; nil where there are none.
    public var quarantines: [Quarantine.Notice]?
}

extension Lineage {
    /// The campaign's rounds; scores are of the set that only reports read.
    public func report(_ name: String) throws -> LineageReport {
        let campaign = try campaign(name)
        let scores = try modelScores(name)
        let rounds = try rounds(name).compactMap { round -> LineageReport.Round? in
            guard let outcome = round.outcome else { return nil }
            let stages = Stage.allCases.compactMap { stage in
                round[stage].map {
                    LineageReport.StageModel(stage: stage, model: $0, score: scores[$0]?.score, marks: scores[$0]?.both)
                }
            }
            let champion = round.championAfter ?? round.parent
            return LineageReport.Round(
                round: round.round,
                parent: round.parent,
                stages: stages,
                challenger: round.challenger,
                outcome: outcome,
                reason: round.reason ?? "",
                champion: champion,
                score: scores[champion]?.score,
                marks: scores[champion]?.both,
                seconds: round.seconds
            )
        }
        return LineageReport(
            campaign: name,
            seed: campaign.seed,
            champion: campaign.champion,
            initial: campaign.initialModel.map {
                LineageReport.Scored(model: $0, score: scores[$0]?.score, marks: scores[$0]?.both)
            },
            rounds: rounds,
            quarantines: try quarantineNotices(name)
        )
    }

    /// Peers in quarantine; nil where there are none.
    public func quarantineNotices(_ campaign: String) throws -> [Quarantine.Notice]? {
        let inForce = try quarantines(campaign)
        return inForce.isEmpty ? nil : inForce.map(\.notice)
    }

    /// The score of every model of a campaign on the set that only reports read.
    public func scores(_ campaign: String) throws -> [String: Score] { try modelScores(campaign).mapValues(\.score) }

    private func modelScores(_ campaign: String) throws -> [String: (score: Score, both: BothScores?)] {
        try read { db in
            // Only the columns that a score is made of: the slices of thousands of rounds take longer to decode than to
            // read.
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT model, n, correct, lenient, marks, low, high FROM evaluations
                    WHERE campaign = ? AND "set" = 'report' AND subject = 'model' ORDER BY id
                    """,
                arguments: [campaign]
            )
            var scores: [String: (score: Score, both: BothScores?)] = [:]
            while let row = try rows.next() {
                let n: Int = row["n"], correct: Int = row["correct"], lenient: Int? = row["lenient"]
                guard let model: String = row["model"], n > 0 else { continue }
                let marks: String? = row["marks"]
                let right = marks == EvaluationMarks.lenient.rawValue ? lenient ?? correct : correct
                let score = Score(value: Double(right) / Double(n), low: row["low"], high: row["high"], n: n)
                scores[model] = (
                    score,
                    lenient.map {
                        BothScores(strict: Score(correct: correct, n: n), lenient: Score(correct: $0, n: n))
                    }
                )
            }
            return scores
        }
    }

    /// Numbers of the rounds whose promotions led to the champion of today.
    public func activeRounds(_ name: String) throws -> [Int] {
        guard let champion = try campaign(name).champion else { return [] }
        let line = try self.line(of: champion)
        return try rounds(name).filter { $0.outcome == .promoted && line.contains($0.championAfter ?? "") }.map(\.round)
    }
}

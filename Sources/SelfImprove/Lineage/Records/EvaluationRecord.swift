import Foundation
import GRDB

/// How one model, peer or mixture did on one held-out set.
public struct EvaluationRecord: LineageRecord, Equatable {
    public static let databaseTableName = "evaluations"

    public enum Set: String, Sendable, Codable {
        /// What promotion reads.
        case gate
        /// The second held-out set, that only reports read.
        case report
    }

    public enum Subject: String, Sendable, Codable { case model, peer, mixture }

    /// A part of the set: one task.
    public struct Slice: Sendable, Codable, Hashable {
        public var slice: String
        public var n: Int
        public var correct: Int

        public init(slice: String, n: Int, correct: Int) {
            self.slice = slice
            self.n = n
            self.correct = correct
        }
    }

    /// Given by the database.
    public var id: Int64?
    public var campaign: String
    public var round: Int
    /// Nil for a mixture.
    public var model: String?
    public var set: Set
    public var subject: Subject
    /// `champion`, `r2-sft`, a peer's name, `mixture`.
    public var name: String
    public var n: Int
    public var correct: Int
    /// Ends of the 95% Wilson interval of the accuracy, 0 to 1.
    public var low: Double
    public var high: Double
    public var slices: [Slice]
    /// Digest of the prompts and keys.
    public var dataset: String?
    /// Mean tokens of an answer, EOS included.
    public var meanTokens: Double?
    public var createdAt: Date

    public init(
        campaign: String,
        round: Int,
        model: String?,
        set: Set,
        subject: Subject,
        name: String,
        n: Int,
        correct: Int,
        low: Double,
        high: Double,
        slices: [Slice],
        dataset: String? = nil,
        meanTokens: Double? = nil,
        createdAt: Date
    ) {
        self.campaign = campaign
        self.round = round
        self.model = model
        self.set = set
        self.subject = subject
        self.name = name
        self.n = n
        self.correct = correct
        self.low = low
        self.high = high
        self.slices = slices
        self.dataset = dataset
        self.meanTokens = meanTokens
        self.createdAt = createdAt
    }

    public var score: Score { Score(value: n > 0 ? Double(correct) / Double(n) : 0, low: low, high: high, n: n) }

    /// Adds the row and its answers, which take their evaluation's id.
    public func insert(_ db: Database, answers: [EvaluationAnswerRecord]) throws {
        try insert(db)
        let id = db.lastInsertedRowID
        for var answer in answers {
            answer.evaluation = id
            try answer.insert(db)
        }
    }
}

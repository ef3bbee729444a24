import Foundation

/// One thing that a step writes, as a value: the method names it, the journal writes it.
///
/// `Lineage` writes entries to SQLite (`LineageEntry+Database.swift`); a journal in memory keeps them as they are.
public enum LineageEntry: Sendable {
    /// A new row.
    case row(any LineageRecord)
    /// New rows that wait on disk.
    case spooled(RowSpool)
    /// An evaluation with its answers, which take its id.
    case evaluation(EvaluationRecord, answers: [EvaluationAnswerRecord])
    /// The model that a stage of a round made.
    case stage(Stage, model: String, campaign: String, round: Int)
    /// The end of a round.
    case roundEnd(RoundEnd)
    /// The alias of the champion moves, and an event says so. The only way to change it.
    case champion(ChampionMove)
    /// The nursery that a campaign's models come from.
    case nursery(key: String?, campaign: String)
}

/// How a round ended.
public struct RoundEnd: Sendable, Equatable {
    public var campaign: String
    public var round: Int
    /// The model that was judged; nil where there was none.
    public var challenger: String?
    public var outcome: RoundOutcome
    /// In words, with the figures.
    public var reason: String
    /// The champion after the round.
    public var champion: String
    public var figures: JSONText?
    public var at: Date
}

/// A new champion, and why.
public struct ChampionMove: Sendable, Equatable {
    public enum Cause: Sendable { case initial, promoted, rolledBack }

    public var campaign: String
    public var model: String
    public var round: Int?
    public var cause: Cause
    /// One sentence.
    public var message: String
    public var data: JSONText?
    public var at: Date
}

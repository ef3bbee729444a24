import Foundation
import GRDB

/// One round: which model it started from, what it made of it, and what was decided.
public struct RoundRecord: LineageRecord, Equatable {
    public static let databaseTableName = "rounds"

    public var campaign: String
    public var round: Int
    /// The champion when the round began.
    public var parent: String
    public var sftModel: String?
    public var dpoModel: String?
    /// The better of the two on the gate set: the one that was judged.
    public var challenger: String?
    public var outcome: RoundOutcome?
    /// In words, with the figures.
    public var reason: String?
    public var championAfter: String?
    /// Values by `RoundFigure`, kept as JSON text so that listing many rounds does not decode them; nil for rounds
    /// without a challenger, and for those of versions that recorded none.
    public var figures: JSONText?
    /// Those that were in force when the round began: its replay honours them, and no others. Nil where there
    /// were none.
    public var quarantines: JSONText?
    /// Summed over the steps of the round.
    public var seconds: Double
    public var startedAt: Date
    public var endedAt: Date?

    public init(
        campaign: String,
        round: Int,
        parent: String,
        sftModel: String? = nil,
        dpoModel: String? = nil,
        challenger: String? = nil,
        outcome: RoundOutcome? = nil,
        reason: String? = nil,
        championAfter: String? = nil,
        figures: JSONText? = nil,
        quarantines: JSONText? = nil,
        seconds: Double = 0,
        startedAt: Date,
        endedAt: Date? = nil
    ) {
        self.campaign = campaign
        self.round = round
        self.parent = parent
        self.sftModel = sftModel
        self.dpoModel = dpoModel
        self.challenger = challenger
        self.outcome = outcome
        self.reason = reason
        self.championAfter = championAfter
        self.figures = figures
        self.quarantines = quarantines
        self.seconds = seconds
        self.startedAt = startedAt
        self.endedAt = endedAt
    }

    /// The quarantines that the round's replay honours.
    public func honoured() throws -> [Quarantine] { try quarantines?.decode() ?? [] }

    /// The model that a stage of the round made.
    public subscript(stage: Stage) -> String? {
        get { stage == .sft ? sftModel : dpoModel }
        set { if stage == .sft { sftModel = newValue } else { dpoModel = newValue } }
    }
}

import Foundation
import GRDB

/// Something that happened to a campaign. Rows are added and never changed.
public struct EventRecord: LineageRecord, Equatable {
    public static let databaseTableName = "events"

    public enum Kind: String, Sendable, Codable, CaseIterable {
        case created, queued, resumed, paused, initial, drawn, promoted, kept, rolledBack, criteriaChanged, stopped,
            finished, interrupted, failed, warning, collected, quarantined, quarantineLifted
    }

    /// Given by the database; events are in its order.
    public var id: Int64?
    public var campaign: String
    public var round: Int?
    public var kind: Kind
    /// One sentence.
    public var message: String
    /// The champion after the event, for the kinds that set it (`initial`, `promoted`, `rolledBack`).
    public var champion: String?
    public var data: JSONText?
    public var at: Date

    public init(
        campaign: String,
        round: Int? = nil,
        kind: Kind,
        message: String,
        champion: String? = nil,
        data: JSONText? = nil,
        at: Date
    ) {
        self.campaign = campaign
        self.round = round
        self.kind = kind
        self.message = message
        self.champion = champion
        self.data = data
        self.at = at
    }
}

import Foundation
import SelfImprove

/// Where a campaign stands, for the API and for those who watch it. Absent keys are unknown or off.
public struct CampaignStatus: Sendable, Encodable, Equatable {
    /// The step that runs now.
    public struct Step: Sendable, Encodable, Equatable {
        public var round: Int
        public var name: StepName
        public var done: Int
        public var total: Int
        public var unit: String
        public var note: String?
        public var secondsLeft: Double?
    }

    public struct Initial: Sendable, Encodable, Equatable {
        public var model: String
        public var score: Score?
    }

    public var campaign: String
    public var status: CampaignRecord.Status
    /// Why it is in this status.
    public var reason: String?
    public var seed: Seed
    public var createdAt: Date
    /// Of running, over restarts.
    public var seconds: Double
    public var tokens: Int
    /// Spent, where the configuration has a price.
    public var money: Double?
    /// The latest round that was begun; 0 while it is prepared.
    public var round: Int
    public var step: Step?
    public var champion: String?
    /// Of the champion, on the set that only reports read.
    public var score: Score?
    public var initial: Initial?
    public var criteria: StopCriteria
    public var queuePosition: Int?
    /// `pause` or `stop`, where one waits for the running step.
    public var pending: RunControl.Wish?
    /// Where a rollback that waits for the running step will go.
    public var pendingRollback: String?

    /// As the lineage has it, without what only the process that runs it knows.
    public init(_ record: CampaignRecord, lineage: Lineage) throws {
        func score(_ model: String?) throws -> Score? {
            try model.flatMap { try lineage.evaluation(of: $0, on: .report, campaign: record.name) }?.score
        }
        campaign = record.name
        status = record.status
        reason = record.stopReason
        seed = record.seed
        createdAt = record.createdAt
        seconds = record.runningSeconds
        tokens = try lineage.tokensSpent(record.name)
        money = record.configuration.pricePerHour == nil ? nil : record.money
        round = try lineage.latestRound(record.name)
        champion = record.champion
        self.score = try score(record.champion)
        initial = try record.initialModel.map { Initial(model: $0, score: try score($0)) }
        criteria = record.criteria
    }
}

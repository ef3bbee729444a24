import Foundation
import SelfImprove

/// The state of a campaign, as the API writes it and the commands read it. Absent keys are unknown or off.
public struct CampaignStatus: Sendable, Codable, Equatable {
    /// The running step.
    public struct Step: Sendable, Codable, Equatable {
        public var round: Int
        public var name: StepName
        /// Of the conversations that it answers, from the second on.
        public var turn: Int?
        public var done: Int
        public var total: Int
        public var unit: String
        public var note: String?
        public var secondsLeft: Double?

        public init(
            _ key: StepKey,
            done: Int = 0,
            total: Int = 0,
            unit: String = "",
            note: String? = nil,
            secondsLeft: Double? = nil
        ) {
            round = key.round
            name = key.step
            turn = key.turn > 1 ? key.turn : nil
            self.done = done
            self.total = total
            self.unit = unit
            self.note = note
            self.secondsLeft = secondsLeft
        }

        /// For people.
        public var title: String { StepKey(campaign: "", round: round, step: name, turn: turn ?? 1).title }
    }

    public struct Initial: Sendable, Codable, Equatable {
        public var model: String
        public var score: Score?
    }

    public var campaign: String
    public var status: CampaignRecord.Status
    /// Why it is in this status.
    public var reason: String?
    public var seed: Seed
    public var createdAt: Date
    /// Time spent on steps, over restarts.
    public var seconds: Double
    public var tokens: Int
    /// Money spent, where the configuration has a price.
    public var money: Double?
    /// The latest round that has begun; 0 during preparation.
    public var round: Int
    public var step: Step?
    public var champion: String?
    /// The champion's, on the report set.
    public var score: Score?
    public var initial: Initial?
    public var criteria: StopCriteria
    /// Peers behind endpoints that were asked; absent where there are none.
    public var peers: [PeerStatus]?
    public var queuePosition: Int?
    /// A request that waits for the running step.
    public var pending: RunControl.Wish?
    /// The target of a rollback that waits for the running step.
    public var pendingRollback: String?
    /// Peers in quarantine; absent where there are none.
    public var quarantines: [Quarantine.Notice]?

    /// As the lineage has it, without the step and the requests that only the daemon knows.
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
        round = try lineage.latestRound(record.name)
        champion = record.champion
        self.score = try score(record.champion)
        let called = try lineage.callsByPeer(record.name).map(PeerStatus.init)
        peers = called.isEmpty ? nil : called
        initial = try record.initialModel.map { Initial(model: $0, score: try score($0)) }
        do {
            criteria = try record.criteria()
            money = try record.money()
            quarantines = try lineage.quarantineNotices(record.name)
        } catch let error as SelfImproveError where error.code == .damaged {
            // What else the lineage knows of this campaign can be shown all the same.
            criteria = StopCriteria()
            reason = "\(error)"
        }
    }
}

extension CampaignStatus {
    /// Adds what only a running process knows.
    mutating func tell(_ figures: [String: EndpointFigures]) {
        guard !figures.isEmpty else { return }
        var peers = peers ?? []
        for (name, figures) in figures.sorted(by: { $0.key < $1.key }) {
            let live = PeerStatus(name, figures)
            if let place = peers.firstIndex(where: { $0.name == name }) {
                peers[place].inFlight = live.inFlight
                peers[place].waiting = live.waiting
                peers[place].breaker = live.breaker
                peers[place].lastFailure = live.lastFailure ?? peers[place].lastFailure
            } else {
                peers.append(live)
            }
        }
        self.peers = peers
    }
}

import Foundation
import SelfImprove

/// Drives one campaign from where it stands until a criterion ends it. The daemon and `run` use the same code.
///
/// The process that runs it holds the state's lock. Starting and resuming are one path: what the journal holds as done
/// is not done again.
public struct CampaignRunner: Sendable {
    /// Its peers behind endpoints.
    public let endpoints: EndpointCatalog
    private let configuration: CampaignConfiguration
    private let lineage: Lineage
    private let control: RunControl
    private let checkpointInterval: Duration
    private let now: @Sendable () -> Date
    private let observe: @Sendable (CampaignEvent) -> Void

    /// At which training that runs is kept on disk.
    public static let checkpointInterval = Duration.seconds(30)

    public init(
        _ configuration: CampaignConfiguration,
        lineage: Lineage,
        control: RunControl = RunControl(),
        checkpointInterval: Duration = CampaignRunner.checkpointInterval,
        now: @escaping @Sendable () -> Date = { Date() },
        observe: @escaping @Sendable (CampaignEvent) -> Void = { _ in }
    ) {
        let name = configuration.campaign
        endpoints = EndpointCatalog(campaign: name, log: DatabaseCallLog(lineage, campaign: name), now: now)
        self.configuration = configuration
        self.lineage = lineage
        self.control = control
        self.checkpointInterval = checkpointInterval
        self.now = now
        self.observe = observe
    }

    /// - Parameter rounds: replaces the criterion `rounds`, also of a campaign that exists.
    /// - Returns: why it ended.
    /// - Throws: `.refused` where a campaign of this name exists with another configuration; `.interrupted` where the
    ///   task was cancelled, with everything finished so far kept; what a step throws.
    public func run(rounds: Int? = nil) async throws -> CampaignEnd {
        try lineage.files.clearLeftovers()
        let (record, resumed) = try lineage.register(configuration, rounds: rounds, by: .run, at: now())
        observe(.opened(record, rounds: try record.criteria().rounds, resumed: resumed))
        do {
            let end = try await work()
            try move(.finish, end.reason)
            try lineage.files.clearTraining(of: configuration.campaign)
            observe(.ended(end))
            return end
        } catch is CancellationError {
            try recordWish()
            throw SelfImproveError(
                .interrupted,
                "stopped on request; nothing that was finished is lost",
                context: configuration.campaign,
                hint: "the same command goes on with the step it was in"
            )
        } catch {
            if let obstacle = Obstacle(error) {
                // Saying so in the database would mostly fail in the same way; what it says now, "running", is how a
                // cut-off campaign looks.
                throw obstacle.error(at: lineage.state)
            }
            if let error = error as? SelfImproveError, error.code == .withheld {
                try move(.pause, error.description)
                throw error
            }
            try move(.fail, "\(error)")
            throw error
        }
    }

    private func work() async throws -> CampaignEnd {
        let campaign = Campaign(
            configuration,
            lineage: lineage,
            endpoints: endpoints,
            snapshotInterval: checkpointInterval,
            now: now
        )
        try endpoints.check(configuration)
        let journal = DatabaseJournal(lineage, control: control, now: now, observe: observe)
        let prepared = try await Preparation(campaign).run(journal)
        while true {
            try Task.checkCancellation()
            try control.check()
            // A round that was begun is ended, whatever the criteria say by now.
            switch try unfinishedRound().map(Next.round) ?? next() {
            case .round(let round):
                _ = try await Round(campaign, prepared: prepared, number: round.round, parent: round.parent).run(
                    journal
                )
                if let finished = try lineage.rounds(campaign.name).first(where: { $0.round == round.round }) {
                    observe(.roundFinished(finished))
                }
            case .end(let end): return end
            }
        }
    }

    // MARK: Rounds

    private func unfinishedRound() throws -> RoundRecord? {
        try lineage.rounds(configuration.campaign).first { $0.outcome == nil }
    }

    /// What follows a round.
    private enum Next {
        case round(RoundRecord)
        case end(CampaignEnd)
    }

    /// Begins a round from the current champion, unless a criterion says stop. The criteria are read each time: they
    /// may be changed while the campaign runs.
    private func next() throws -> Next {
        let record = try lineage.campaign(configuration.campaign)
        if let reason = try record.criteria().reason(StopSituation(record, in: lineage, now: now())) {
            return .end(CampaignEnd(reason: reason, champion: record.champion))
        }
        guard let champion = record.champion else {
            throw SelfImproveError(
                .damaged,
                "the campaign has no champion",
                context: record.name,
                hint: "selfimprove doctor looks for damage"
            )
        }
        let number = (try lineage.rounds(record.name).map(\.round).max() ?? 0) + 1
        let round = RoundRecord(campaign: record.name, round: number, parent: champion, startedAt: now())
        try lineage.begin(round)
        return .round(round)
    }

    // MARK: The campaign's own row

    private func move(_ transition: CampaignTransition, _ reason: String) throws {
        try lineage.move(configuration.campaign, by: transition, reason, at: now())
    }

    /// What the lineage says of a campaign that was asked to stop.
    func recordWish() throws {
        switch control.wish {
        case nil: try move(.interrupt, "asked to stop")
        case .pause: try move(.pause, "paused by a person")
        case .stop: try move(.stop, "stopped by a person")
        case .shutdown: try move(.requeue, "the daemon was stopped")
        case .rollback: try move(.requeue, "waits for a rollback")
        }
    }
}

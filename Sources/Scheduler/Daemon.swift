import Foundation
import Logging
import SelfImprove

/// The long-running service: campaigns wait in a queue, and one at a time is driven to its end.
/// `CampaignTransition` is the state machine of a campaign.
///
/// The truth is in the lineage: the actor holds only what is running, so a daemon that was killed starts like one that
/// was not. The process must hold the state's lock. Actor and campaign wait for SQLite on threads of their own.
public actor Daemon {
    public nonisolated let lineage: Lineage
    public nonisolated let hub: EventHub
    private let executor = BlockingExecutor("daemon")
    private let campaignExecutor = BlockingExecutor("campaign")
    private let checkpointInterval: Duration
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let wakeUps: AsyncStream<Void>
    private nonisolated let wake: AsyncStream<Void>.Continuation
    private var running: Running?
    private var isShuttingDown = false

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private struct Running {
        let campaign: String
        let control: RunControl
        let endpoints: EndpointCatalog
        let task: Task<CampaignEnd, any Error>
        var rollback: PendingRollback?
        var waitsFor: Obstacle?
    }

    /// A rollback that waits for the running step, and the caller that waits for the rollback.
    private struct PendingRollback {
        var to: String
        var reason: String?
        var waiting: CheckedContinuation<Lineage.Rollback, any Error>?
    }

    /// - Parameter logger: receives a line for each event that matters to an operator, with campaign, round and step.
    public init(
        _ lineage: Lineage,
        checkpointInterval: Duration = CampaignRunner.checkpointInterval,
        now: @escaping @Sendable () -> Date = { Date() },
        logger: Logger
    ) {
        self.lineage = lineage
        self.checkpointInterval = checkpointInterval
        self.now = now
        self.logger = logger
        hub = EventHub()
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Running

    /// Drives the queue until `shutdown`. Campaigns that were running when a daemon was killed return to their places.
    public func run() async throws {
        try lineage.requeueRunning()
        let heart = Task { [hub] in await hub.beat(every: .seconds(15)) }
        defer {
            heart.cancel()
            hub.close()
        }
        wake.yield()
        for await _ in wakeUps {
            while !isShuttingDown, let next = try next() { try await drive(next) }
            if isShuttingDown { break }
        }
    }

    /// The queue, first come, first served.
    private func next() throws -> CampaignRecord? { try lineage.queue().first }

    /// - Throws: what writing into the lineage throws, where a campaign cannot even be begun.
    private func drive(_ record: CampaignRecord) async throws {
        let name = record.name, hub = hub, control = RunControl(), log = CampaignLog(logger, campaign: record.name)
        let configuration: CampaignConfiguration
        do { configuration = try record.configuration() } catch let error as SelfImproveError {
            log.error("\(error)")
            try lineage.move(name, by: .fail, "\(error)", at: now())
            return hub.changed(name)
        }
        let runner = CampaignRunner(
            configuration,
            lineage: lineage,
            control: control,
            checkpointInterval: checkpointInterval,
            now: now
        ) {
            log.write($0)
            hub.receive($0, of: name)
        }
        let task = Task(executorPreference: campaignExecutor) { [self] in
            while true {
                do { return try await runner.run() } catch {
                    guard let obstacle = Obstacle(error) else { throw error }
                    do { try await wait(name, control, until: obstacle) } catch {
                        try runner.recordWish()
                        throw error
                    }
                }
            }
        }
        running = Running(campaign: name, control: control, endpoints: runner.endpoints, task: task)
        do {
            _ = try await task.value
        } catch let error as SelfImproveError where error.code == .interrupted {
            log.notice("\(error.message)")
        } catch {
            log.error("\(error)")
        }
        let rollback = running?.rollback
        running = nil
        hub.ended(name)
        if let rollback { roll(name, back: rollback) }
        hub.changed(name)
    }

    /// Waits until a campaign can write again. A full disk is not cleaned up: its files are not the daemon's to delete.
    /// - Throws: `CancellationError` once the campaign is asked to stop.
    private func wait(_ name: String, _ control: RunControl, until obstacle: Obstacle) async throws {
        running?.waitsFor = obstacle
        let log = CampaignLog(logger, campaign: name)
        log.error("\(obstacle.words); it waits")
        hub.ended(name)
        hub.changed(name)
        defer {
            running?.waitsFor = nil
            hub.changed(name)
        }
        try await obstacle.wait(lineage) { try control.check() }
        log.notice("it can write again")
    }

    private func roll(_ name: String, back rollback: PendingRollback) {
        let result = Result { try lineage.rollback(name, to: rollback.to, reason: rollback.reason, at: now()) }
        if case .failure(let error) = result { CampaignLog(logger, campaign: name).error("no rollback: \(error)") }
        rollback.waiting?.resume(with: result)
    }

    /// Ends the daemon. The running step stops after its current batch, and the next daemon resumes it.
    public func shutdown() {
        isShuttingDown = true
        running?.control.ask(.shutdown)
        running?.task.cancel()
        wake.yield()
    }

    /// Reads the queue again, for campaigns that another program put there.
    public nonisolated func lookAgain() { wake.yield() }

    // MARK: Commands

    /// Puts a campaign into the queue.
    /// - Throws: `.refused` where one of this name exists with another configuration, or is queued or running.
    @discardableResult public func start(_ configuration: CampaignConfiguration, rounds: Int? = nil) throws
        -> CampaignRecord
    {
        let record = try lineage.register(configuration, rounds: rounds, by: .enqueue, at: now()).record
        hub.changed(record.name)
        wake.yield()
        return record
    }

    /// Holds a campaign before its next step, or with `atOnce` after the current batch: training resumes from there,
    /// other steps from their beginning.
    public func pause(_ name: String, atOnce: Bool = false) throws {
        try hold(name, .pause, .pause, "paused by a person", atOnce)
    }

    /// Ends a campaign for the daemon. `resume` can still continue it.
    public func stop(_ name: String, atOnce: Bool = false) throws {
        try hold(name, .stop, .stop, "stopped by a person", atOnce)
    }

    private func hold(
        _ name: String,
        _ wish: RunControl.Wish,
        _ transition: CampaignTransition,
        _ reason: String,
        _ atOnce: Bool
    ) throws {
        if let running, running.campaign == name {
            running.control.ask(wish)
            if atOnce { running.task.cancel() }
            return
        }
        // Only the runner moves a campaign that runs; where none does, the row is an earlier process's, and `resume`
        // mends it.
        let record = try lineage.campaign(name)
        guard record.status != .running else { throw transition.refusal(of: record) }
        try lineage.move(name, by: transition, reason, at: now())
        hub.changed(name)
    }

    /// Puts a campaign that was held, interrupted or ended back into the queue.
    /// - Throws: `.refused` where it is there already, or where a stop criterion holds.
    public func resume(_ name: String) throws {
        let record = try lineage.campaign(name)
        if let running, running.campaign == name {
            throw SelfImproveError(
                .refused,
                "the campaign is running",
                context: name,
                hint: "selfimprove watch \(name)"
            )
        }
        // Its row says "running" though it is not: it was asked to stop while it waited for room on a full disk.
        if record.status == .running {
            try lineage.move(name, by: .interrupt, "was cut off", at: now())
        }
        if record.status != .queued {
            if let reason = try record.criteria().reason(StopSituation(record, in: lineage, now: now())) {
                throw SelfImproveError(
                    .refused,
                    "it would stop at once: \(reason)",
                    context: name,
                    hint: "change that with selfimprove criteria \(name) KEY=VALUE"
                )
            }
            try lineage.register(record.configuration(), by: .enqueue, at: now())
        }
        hub.changed(name)
        wake.yield()
    }

    /// Goes back to an earlier champion. A running campaign abandons its round after the current step, or with `atOnce`
    /// after the current batch, and continues from the older model.
    /// - Returns: what was done; nil where it waits for the step.
    public func rollback(_ name: String, to target: String, reason: String?, atOnce: Bool = false) async throws
        -> Lineage.Rollback?
    {
        let record = try lineage.campaign(name)
        guard running?.campaign == name else {
            defer { hub.changed(name) }
            return try lineage.rollback(name, to: target, reason: reason, at: now())
        }
        try lineage.checkRollback(record, to: target)
        running?.control.ask(.rollback)
        running?.rollback?.waiting?.resume(
            throwing: SelfImproveError(.refused, "another rollback took its place", context: name)
        )
        hub.changed(name)
        guard atOnce else {
            running?.rollback = PendingRollback(to: target, reason: reason)
            return nil
        }
        return try await withCheckedThrowingContinuation { continuation in
            running?.rollback = PendingRollback(to: target, reason: reason, waiting: continuation)
            running?.task.cancel()
        }
    }

    /// Changes stop criteria. A running campaign checks them between rounds.
    public func changeCriteria(_ name: String, _ changes: [(key: String, value: String)]) throws -> StopCriteria {
        defer { hub.changed(name) }
        return try lineage.changeCriteria(name, changes, at: now())
    }

    /// Places or lifts a quarantine. A running campaign's next round honours it. Counting may take seconds: the caller
    /// lends its thread.
    public nonisolated func quarantine(_ name: String, _ request: QuarantineRequest) throws -> QuarantineReport {
        defer { hub.changed(name) }
        return try lineage.quarantine(name, request, at: now())
    }

    // MARK: Status

    public func status(_ name: String) throws -> CampaignStatus {
        try status(lineage.campaign(name), queue: lineage.queue().map(\.name))
    }

    /// What the peers of the running campaign do now; empty for any other.
    public func peers(_ name: String) -> [PeerStatus] {
        guard let running, running.campaign == name else { return [] }
        return running.endpoints.figures.sorted { $0.key < $1.key }.map { PeerStatus($0.key, $0.value) }
    }

    public func statuses() throws -> [CampaignStatus] {
        let queue = try lineage.queue().map(\.name)
        return try lineage.campaigns().map { try status($0, queue: queue) }
    }

    private func status(_ record: CampaignRecord, queue: [String]) throws -> CampaignStatus {
        var status = try CampaignStatus(record, lineage: lineage)
        status.step = hub.live(record.name)
        status.queuePosition = queue.firstIndex(of: record.name).map { $0 + 1 }
        if let running, running.campaign == record.name {
            status.pending = running.control.wish
            status.pendingRollback = running.rollback?.to
            status.tell(running.endpoints.figures)
            if let obstacle = running.waitsFor {
                status.status = .paused
                status.reason = "\(obstacle.words): it waits and goes on by itself"
            }
        }
        return status
    }
}

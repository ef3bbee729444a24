import Foundation
import LocalLM
import ModelFiles
import SelfImprove
import Synchronization

/// Passes the events of campaigns on to listeners, and remembers the running step. A listener that reads too slowly
/// loses its oldest messages; it never slows a campaign down.
public final class EventHub: Sendable {
    public enum Message: Sendable, Equatable {
        /// The campaign's status changed.
        case changed(campaign: String)
        case progress(campaign: String, CampaignStatus.Step)
        /// Sent at intervals, to show that the connection is alive.
        case heartbeat
    }

    private struct LiveStep {
        var step: CampaignStatus.Step
        /// The first report. What was done before it, perhaps by an earlier process, does not count for the pace.
        var first: (done: Int, at: ContinuousClock.Instant)?
        var told: ContinuousClock.Instant?
    }

    private struct State {
        var steps: [String: LiveStep] = [:]
        var listeners: [Int: AsyncStream<Message>.Continuation] = [:]
        var next = 0
        var isClosed = false
    }

    static let maximumListeners = 256
    /// The shortest time between two messages about one step.
    private static let pace = Duration.milliseconds(250)

    private let state = Mutex(State())
    private let clock = ContinuousClock()

    public init() {}

    /// Sends heartbeats until the task is cancelled.
    func beat(every interval: Duration) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: interval) } catch { return }
            send(.heartbeat)
        }
    }

    // MARK: From campaigns

    func receive(_ event: CampaignEvent, of campaign: String) {
        switch event {
        case .stepStarted(let key):
            let step = CampaignStatus.Step(key)
            state.withLock { $0.steps[campaign] = LiveStep(step: step) }
            changed(campaign)
        case .progress(let key, let report): progress(campaign, key, report)
        case .opened, .stepFinished, .roundFinished, .ended: changed(campaign)
        }
    }

    private func progress(_ campaign: String, _ key: StepKey, _ report: StepProgress.Report) {
        let now = clock.now
        let step = state.withLock { state -> CampaignStatus.Step? in
            let known = state.steps[campaign], first = known?.first ?? (report.done, now)
            let step = CampaignStatus.Step(
                key,
                done: report.done,
                total: report.total,
                unit: report.unit,
                note: report.note,
                secondsLeft: report.secondsLeft(since: first.done, seconds: (now - first.at).seconds)
            )
            let isDue = known?.told.map { now - $0 >= Self.pace } ?? true
            state.steps[campaign] = LiveStep(step: step, first: first, told: isDue ? now : known?.told)
            return isDue ? step : nil
        }
        if let step { send(.progress(campaign: campaign, step)) }
    }

    func ended(_ campaign: String) { state.withLock { $0.steps[campaign] = nil } }

    func changed(_ campaign: String) { send(.changed(campaign: campaign)) }

    /// The running step of a campaign.
    public func live(_ campaign: String) -> CampaignStatus.Step? { state.withLock { $0.steps[campaign]?.step } }

    /// Whether any step is running.
    public var isBusy: Bool { state.withLock { !$0.steps.isEmpty } }

    // MARK: To listeners

    /// The messages that follow; nil where there are too many listeners. The stream ends with the hub or `unsubscribe`.
    public func subscribe() -> (id: Int, messages: AsyncStream<Message>)? {
        let (stream, continuation) = AsyncStream<Message>.makeStream(bufferingPolicy: .bufferingNewest(64))
        let id = state.withLock { state -> Int? in
            guard !state.isClosed, state.listeners.count < Self.maximumListeners else { return nil }
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        // A stream that was never iterated must give its place back too: its client left before the response started.
        if let id { continuation.onTermination = { [weak self] _ in self?.unsubscribe(id) } }
        return id.map { ($0, stream) }
    }

    public func unsubscribe(_ id: Int) { state.withLock { $0.listeners.removeValue(forKey: id) }?.finish() }

    func send(_ message: Message) {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield(message) }
    }

    /// Ends every stream.
    func close() {
        let listeners = state.withLock { state in
            state.isClosed = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}

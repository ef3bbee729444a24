import Foundation
import ModelFiles
import SelfImprove
import Synchronization

/// Shows on standard error how far a long command is: on a terminal one line that is written over, elsewhere a line a
/// minute.
final class ProgressLine: Sendable {
    private struct State {
        var first: (done: Int, at: ContinuousClock.Instant)?
        var unit: String?
        var last: ContinuousClock.Instant
        var isOpen = false
    }

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let clock = ContinuousClock()
    private let state: Mutex<State>

    init() { state = Mutex(State(last: ContinuousClock().now)) }

    func show(_ report: StepProgress.Report) {
        state.withLock { state in
            let now = clock.now
            if state.unit != report.unit { state.first = nil }
            state.unit = report.unit
            let first = state.first ?? (report.done, now)
            state.first = first
            guard now - state.last >= (isTerminal ? .milliseconds(100) : .seconds(60)) else { return }
            state.last = now
            let left = report.secondsLeft(since: first.done, seconds: (now - first.at).seconds)
            let bar = ProgressDisplay.bar(report.unit, report.done, report.total, left)
            let text = report.note.map { "\(bar)  \($0)" } ?? bar
            guard isTerminal else { return Output.error(text) }
            StandardStream.error.write("\r\u{1B}[K\(Text.harmless(text).prefix(79))")
            state.isOpen = true
        }
    }

    /// Takes the line away.
    func clear() {
        state.withLock { state in
            if state.isOpen { StandardStream.error.write("\r\u{1B}[K") }
            state.isOpen = false
        }
    }
}

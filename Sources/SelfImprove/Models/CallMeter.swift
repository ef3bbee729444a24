import Synchronization

/// Adds up the progress of several calls, one after another.
final class CallMeter: Sendable {
    private let before = Atomic(0)
    private let total: Int
    private let unit: String
    private let progress: StepProgress

    init(total: Int, unit: String, _ progress: StepProgress) {
        self.total = total
        self.unit = unit
        self.progress = progress
    }

    /// The listener of the next call. What the call before it reported last counts as done.
    func call(_ note: String) -> @Sendable (Int) -> Void {
        let start = before.load(ordering: .relaxed)
        return { [self] done in
            before.store(start + done, ordering: .relaxed)
            progress.report(done: start + done, total: total, unit: unit, note: note)
        }
    }

    /// Nothing is done yet, but something happens.
    func loading(_ name: String) {
        progress.report(done: before.load(ordering: .relaxed), total: total, unit: unit, note: "loading \(name)")
    }

    /// The progress of a part that counts its own calls.
    func part() -> StepProgress {
        let start = before.load(ordering: .relaxed)
        return StepProgress { [self] report in
            before.store(start + report.done, ordering: .relaxed)
            progress.report(done: min(start + report.done, total), total: total, unit: unit, note: report.note)
        }
    }
}

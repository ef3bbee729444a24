import Synchronization

/// Adds up the progress of several calls, one after another or side by side.
final class CallMeter: Sendable {
    /// What each call has done so far.
    private let done = Mutex<[Int]>([])
    private let total: Int
    private let unit: String
    private let progress: StepProgress

    init(total: Int, unit: String, _ progress: StepProgress) {
        self.total = total
        self.unit = unit
        self.progress = progress
    }

    /// The listener of one call.
    func call(_ note: String) -> @Sendable (Int) -> Void {
        let place = place()
        return { [self] done in report(done, at: place, note) }
    }

    /// Nothing is done yet, but something happens.
    func loading(_ name: String) {
        progress.report(done: done.withLock { $0.reduce(0, +) }, total: total, unit: unit, note: "loading \(name)")
    }

    /// The progress of a part that counts its own calls.
    func part() -> StepProgress {
        let place = place()
        return StepProgress { [self] report in self.report(report.done, at: place, report.note) }
    }

    private func place() -> Int {
        done.withLock {
            $0.append(0)
            return $0.count - 1
        }
    }

    private func report(_ count: Int, at place: Int, _ note: String?) {
        let sum = done.withLock {
            $0[place] = count
            return $0.reduce(0, +)
        }
        progress.report(done: min(sum, total), total: total, unit: unit, note: note)
    }
}

/// How far a running step is.
///
/// A step reports whenever it has finished something, also in its long silent parts (loading, scoring, the reference
/// pass): the service manager restarts a daemon that it has not heard of for `WatchdogSec`.
public struct StepProgress: Sendable {
    /// One report of a step.
    public struct Report: Sendable, Equatable {
        public var done: Int
        public var total: Int
        public var unit: String
        public var note: String?

        public init(done: Int, total: Int, unit: String, note: String? = nil) {
            self.done = done
            self.total = total
            self.unit = unit
            self.note = note
        }

        /// Units per second.
        /// - Parameters:
        ///   - since: what the first report said was done, by an earlier process perhaps.
        ///   - seconds: that have passed since that report.
        /// - Returns: nil where it is too early to tell.
        public func rate(since first: Int, seconds: Double) -> Double? {
            seconds > 0.5 && done > first ? Double(done - first) / seconds : nil
        }

        /// Time left at the current rate; nil where it is too early to tell.
        public func secondsLeft(since first: Int, seconds: Double) -> Double? {
            rate(since: first, seconds: seconds).map { Double(max(total - done, 0)) / $0 }
        }
    }

    private let listener: @Sendable (Report) -> Void

    public init(listener: @escaping @Sendable (Report) -> Void = { _ in }) { self.listener = listener }

    /// Cheap: call it as often as there is news, from any thread. The listener throttles.
    public func report(done: Int, total: Int, unit: String, note: String? = nil) {
        listener(Report(done: done, total: total, unit: unit, note: note))
    }
}

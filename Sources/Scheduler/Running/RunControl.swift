import Synchronization

/// How whoever watches a campaign asks it to stop before its next step. (At once, after the current batch: cancel the task.)
///
/// What was wished decides how the lineage calls the campaign afterwards.
public final class RunControl: Sendable {
    public enum Wish: String, Sendable, Encodable {
        /// A person wants it to wait.
        case pause
        /// A person ended it.
        case stop
        /// The daemon ends; the campaign keeps its place in the queue.
        case shutdown
        /// A rollback wants the round to be given up; the campaign goes on afterwards, unless it is also to be held.
        case rollback
    }

    /// Wishes that stand side by side: a campaign can be held, by a daemon that ends, with a rollback to be done.
    private struct Wishes {
        var hold: Wish?
        var shutdown = false
        var rollback = false
    }

    private let state = Mutex(Wishes())

    public init() {}

    /// Of `pause` and `stop` the later one counts; no other wish replaces another.
    public func ask(_ wish: Wish) {
        state.withLock {
            switch wish {
            case .pause, .stop: $0.hold = wish
            case .shutdown: $0.shutdown = true
            case .rollback: $0.rollback = true
            }
        }
    }

    /// The wish that says what the campaign is afterwards: held, else waiting in the queue.
    public var wish: Wish? { state.withLock { $0.hold ?? ($0.shutdown ? .shutdown : $0.rollback ? .rollback : nil) } }

    /// - Throws: `CancellationError` once something was asked.
    public func check() throws { if wish != nil { throw CancellationError() } }
}

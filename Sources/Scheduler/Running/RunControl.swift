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
        /// A rollback wants the round to be given up; the campaign goes on afterwards.
        case rollback
    }

    private let state = Mutex<Wish?>(nil)

    public init() {}

    /// A later wish replaces an earlier one, but nothing replaces a shutdown.
    public func ask(_ wish: Wish) { state.withLock { if $0 != .shutdown { $0 = wish } } }

    public var wish: Wish? { state.withLock { $0 } }

    /// - Throws: `CancellationError` once something was asked.
    public func check() throws { if wish != nil { throw CancellationError() } }
}

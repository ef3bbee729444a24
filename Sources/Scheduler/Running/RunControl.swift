import Synchronization

/// Asks a campaign to stop before its next step. To stop it after the current batch, cancel its task as well.
///
/// The request decides the campaign's status afterwards.
public final class RunControl: Sendable {
    public enum Wish: String, Sendable, Codable {
        /// A person pauses it.
        case pause
        /// A person ends it.
        case stop
        /// The daemon ends; the campaign keeps its place in the queue.
        case shutdown
        /// A rollback abandons the round; the campaign then continues, unless it is also held.
        case rollback
    }

    /// Pending requests are independent: a campaign can be paused while the daemon shuts down and a rollback waits.
    private struct Wishes {
        var hold: Wish?
        var shutdown = false
        var rollback = false
    }

    private let state = Mutex(Wishes())

    public init() {}

    /// Of `pause` and `stop` the latest counts; no other request replaces another.
    public func ask(_ wish: Wish) {
        state.withLock {
            switch wish {
            case .pause, .stop: $0.hold = wish
            case .shutdown: $0.shutdown = true
            case .rollback: $0.rollback = true
            }
        }
    }

    /// The request that decides the status afterwards: held, else back in the queue.
    public var wish: Wish? { state.withLock { $0.hold ?? ($0.shutdown ? .shutdown : $0.rollback ? .rollback : nil) } }

    /// - Throws: `CancellationError` once there is a request.
    public func check() throws { if wish != nil { throw CancellationError() } }
}

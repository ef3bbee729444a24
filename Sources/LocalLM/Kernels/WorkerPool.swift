import CSIMD
import Foundation
import Synchronization

/// A fixed crew of threads that runs the same piece of work on every shard and waits for all of them; within it they
/// meet at barriers.
///
/// The caller is worker 0. Work is split by shard number alone, so the result does not depend on timing. Who waits
/// looks for a while (a decoder meets hundreds of times per token, and waking a thread costs more than the work between
/// two meetings), then sleeps.
public final class WorkerPool: @unchecked Sendable {
    public let count: Int
    /// Rounds of looking before a thread sleeps: some 20 to 50 microseconds.
    private static let patience = 1_000

    private let condition = NSCondition()
    private let sleepers = Atomic<Int>(0)
    private let closed = Atomic<Bool>(false)
    /// Only worker 0 writes it, before it announces a new generation.
    private var work: (@Sendable (Int) -> Void)?
    private let generation = Atomic<Int>(0)
    private let arrived = Atomic<Int>(0)
    private let meetings = Atomic<Int>(0)

    /// - Parameter isBackground: threads of the lowest priority, so that other work on the machine keeps its pace.
    public init(threads: Int, isBackground: Bool = false) {
        count = max(1, threads)
        for index in 1..<max(count, 2) where index < count {
            let thread = Thread { [self] in
                if isBackground { Self.giveWay() }
                serve(index)
            }
            thread.stackSize = 8 << 20
            thread.name = "localLM-\(index)"
            thread.start()
        }
    }

    /// Gives the calling thread the lowest priority.
    static func giveWay() { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19) }  // on Linux: of this thread

    /// Ends the threads. A pool is closed by its owner; it would otherwise keep itself alive.
    public func close() {
        closed.store(true, ordering: .sequentiallyConsistent)
        wake()
    }

    /// Runs `body(0)` ... `body(count - 1)`, each on its own thread, and returns when all have ended.
    public func run(_ body: @escaping @Sendable (Int) -> Void) {
        guard count > 1 else { return body(0) }
        work = body
        generation.add(1, ordering: .sequentiallyConsistent)
        wake()
        body(0)
        barrier()
        work = nil
    }

    /// Waits until every worker of the running work has come here. After it each can read what all wrote before.
    @inline(__always) public func barrier() {
        guard count > 1 else { return }
        let now = meetings.load(ordering: .acquiring)
        if arrived.add(1, ordering: .acquiringAndReleasing).newValue == count {
            arrived.store(0, ordering: .relaxed)
            meetings.add(1, ordering: .sequentiallyConsistent)
            wake()
        } else {
            wait { meetings.load(ordering: .sequentiallyConsistent) != now }
        }
    }

    /// The part of `items` that falls to a worker: neighbours, in shares that differ by one at most.
    @inline(__always) func share(_ items: Int, of worker: Int) -> Range<Int> {
        items * worker / count..<items * (worker + 1) / count
    }

    private func serve(_ index: Int) {
        var seen = 0
        while true {
            wait { generation.load(ordering: .sequentiallyConsistent) != seen || closed.load(ordering: .relaxed) }
            if closed.load(ordering: .relaxed) { return }
            seen += 1
            work?(index)
            barrier()
        }
    }

    private func wait(until isOver: () -> Bool) {
        for _ in 0..<Self.patience {
            if isOver() { return }
            csimd_pause()
        }
        condition.lock()
        sleepers.add(1, ordering: .sequentiallyConsistent)
        while !isOver() { condition.wait() }
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
        condition.unlock()
    }

    /// To be called after a change that others wait for. A sleeper counts itself before it looks again, so
    /// none is missed.
    private func wake() {
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }
}

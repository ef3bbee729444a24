import Foundation

/// A fixed crew of threads that runs the same piece of work on every shard and waits for all of them.
///
/// The caller is worker 0. Work is split by shard number alone, so the result does not depend on timing.
public final class WorkerPool: @unchecked Sendable {
    public let count: Int
    private let condition = NSCondition()
    private var work: (@Sendable (Int) -> Void)?
    private var generation = 0
    private var pending = 0
    private var closed = false

    public init(threads: Int) {
        count = max(1, threads)
        for index in 1..<max(count, 2) where index < count {
            let thread = Thread { [self] in serve(index) }
            thread.stackSize = 8 << 20
            thread.name = "localLM-\(index)"
            thread.start()
        }
    }

    /// Ends the threads. A pool is closed by its owner; it would otherwise keep itself alive.
    public func close() {
        condition.lock()
        closed = true
        condition.broadcast()
        condition.unlock()
    }

    /// Runs `body(0)` ... `body(count - 1)`, each on its own thread, and returns when all have ended.
    public func run(_ body: @escaping @Sendable (Int) -> Void) {
        guard count > 1 else { return body(0) }
        condition.lock()
        work = body
        generation += 1
        pending = count - 1
        condition.broadcast()
        condition.unlock()
        body(0)
        condition.lock()
        while pending > 0 { condition.wait() }
        work = nil
        condition.unlock()
    }

    private func serve(_ index: Int) {
        var seen = 0
        while true {
            condition.lock()
            while generation == seen && !closed { condition.wait() }
            if closed { return condition.unlock() }
            seen = generation
            let body = work
            condition.unlock()
            body?(index)
            condition.lock()
            pending -= 1
            if pending == 0 { condition.broadcast() }
            condition.unlock()
        }
    }
}

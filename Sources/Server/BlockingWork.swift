import NIOPosix

/// Queries, files and long computations of requests, on threads that may wait.
///
/// Swift's cooperative threads are as few as the processor's cores. One that waits for SQLite or for the disk is
/// missing to every other request, `/healthz` included.
enum BlockingWork {
    /// Runs `body` on a thread of NIO's pool for blocking work, and waits for it without holding a thread.
    /// - Throws: what `body` throws; `CancellationError` where the task was cancelled before it began.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}

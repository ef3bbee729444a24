import Dispatch
import Synchronization

/// Heavy work on a thread of its own, so that BLAS never blocks one of Swift's cooperative threads.
package enum Computation {
    /// Whether the task that waits for the computation was cancelled, or its step has failed elsewhere. Checked by the
    /// work between batches.
    package final class Cancellation: Sendable {
        private let flag = Atomic(false), halt = StepHalt.current
        fileprivate func cancel() { flag.store(true, ordering: .relaxed) }
        package func check() throws {
            if flag.load(ordering: .relaxed) || halt?.isPulled == true { throw CancellationError() }
        }
    }

    /// Runs `body` and waits for it.
    /// - Throws: what `body` throws; `CancellationError` where it noticed that the task was cancelled.
    package static func run<Value: Sendable>(_ name: String, _ body: @escaping @Sendable (Cancellation) throws -> Value)
        async throws -> Value
    {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue(label: name).async { continuation.resume(with: Result { try body(cancellation) }) }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}

import Dispatch

/// Runs an actor, or a task and what it calls, on a thread that may wait for SQLite and for the disk.
///
/// Swift's cooperative threads are as few as the processor's cores. One that waits is missing to everything else in the
/// process, to the answers over HTTP above all.
final class BlockingExecutor: SerialExecutor, TaskExecutor {
    private let queue: DispatchQueue

    init(_ label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async {
            job.runSynchronously(
                isolatedTo: self.asUnownedSerialExecutor(),
                taskExecutor: self.asUnownedTaskExecutor()
            )
        }
    }
}

import Synchronization

/// Counts responses by status, for the metrics.
final class RequestCounters: Sendable {
    private let counts = Mutex<[Int: Int]>([:])

    func count(_ status: Int) { counts.withLock { $0[status, default: 0] += 1 } }

    /// In the order of the statuses.
    var byStatus: [(status: Int, count: Int)] {
        counts.withLock { $0.map { ($0.key, $0.value) } }.sorted { $0.0 < $1.0 }
    }
}

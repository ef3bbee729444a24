import Synchronization

/// Calls of a process that belongs to no campaign: gone when it ends.
public final class MemoryCallLog: CallLog {
    private let calls = Mutex<[String: CallRecord]>([:])

    public init() {}

    /// In no order.
    public var all: [CallRecord] { calls.withLock { Array($0.values) } }

    public func answers(to digests: [String]) async -> [String: Answer] {
        calls.withLock { calls in
            Dictionary(digests.compactMap { d in calls[d]?.answer.map { (d, $0) } }, uniquingKeysWith: { $1 })
        }
    }

    public func record(_ call: CallRecord) async { calls.withLock { $0[call.digest] = call } }

    /// Nothing: it begins with its process.
    public func learnt(of peer: String) -> LearntParameters { LearntParameters() }

    public func spent(on peer: String) async -> CallCost {
        all.filter { $0.peer == peer }.reduce(CallCost()) { $0 + $1.cost }
    }
}

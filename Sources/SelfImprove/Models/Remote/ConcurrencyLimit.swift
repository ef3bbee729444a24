import Synchronization

/// So many at the same time; the others wait in their order.
final class ConcurrencyLimit: Sendable {
    private struct State {
        var free: Int
        var waiting: [UInt64: CheckedContinuation<Bool, Never>] = [:]
        /// Who waits, in order, from `first`; those that gave up are passed over.
        var order: [UInt64] = []
        var first = 0
        var next: UInt64 = 0

        /// The one whose turn it is.
        mutating func pop() -> CheckedContinuation<Bool, Never>? {
            while first < order.count {
                let turn = waiting.removeValue(forKey: order[first])
                first += 1
                if first > 1024, first * 2 > order.count {
                    order.removeFirst(first)
                    first = 0
                }
                if let turn { return turn }
            }
            order.removeAll(keepingCapacity: true)
            first = 0
            return nil
        }
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        precondition(count >= 1, "\(count) at the same time")
        state = Mutex(State(free: count))
    }

    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Waits for a place. Who gets true gives it back with `release`.
    /// - Returns: false where the task was cancelled while it waited.
    func acquire() async -> Bool {
        if Task.isCancelled { return false }
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    state.waiting[number] = continuation
                    state.order.append(number)
                    return false
                }
                if isFree { continuation.resume(returning: true) }
                // The handler may have run before there was anybody to give up.
                if Task.isCancelled { giveUp(number) }
            }
        } onCancel: {
            giveUp(number)
        }
    }

    func release() {
        let turn = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if let turn = state.pop() { return turn }
            state.free += 1
            return nil
        }
        turn?.resume(returning: true)
    }

    private func giveUp(_ number: UInt64) {
        state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: false)
    }
}

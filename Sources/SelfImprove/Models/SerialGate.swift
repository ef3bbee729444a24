/// Lets one call after the other through, in the order of their arrival, also where they suspend on their way.
actor SerialGate {
    /// Ends when the latest call that arrived has left.
    private var latest: Task<Void, Never>?

    /// - Throws: what `body` throws; `CancellationError` where the task was cancelled while it waited.
    func pass<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        let previous = latest
        let (departure, departed) = AsyncStream<Never>.makeStream()
        latest = Task {
            await previous?.value
            for await _ in departure {}
        }
        await previous?.value
        defer { departed.finish() }
        try Task.checkCancellation()
        return try await body()
    }
}

import Foundation

/// Time as calls to endpoints see it: a parameter, so that tests wait for hours in no time.
public struct CallClock: Sendable {
    /// Seconds of a clock that only goes forward.
    public let seconds: @Sendable () -> Double
    /// The date, for answers that name one.
    public let date: @Sendable () -> Date
    /// Waits so many seconds. Throws `CancellationError` at once when the task is cancelled.
    public let sleep: @Sendable (Double) async throws -> Void

    public init(
        seconds: @escaping @Sendable () -> Double,
        date: @escaping @Sendable () -> Date,
        sleep: @escaping @Sendable (Double) async throws -> Void
    ) {
        self.seconds = seconds
        self.date = date
        self.sleep = sleep
    }

    public static let system = CallClock(
        seconds: {
            let elapsed = ContinuousClock.now - start
            return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        },
        date: { Date() },
        sleep: { try await Task.sleep(for: .seconds($0)) }
    )

    private static let start = ContinuousClock.now

    /// - Returns: false where the task was cancelled.
    func wait(_ seconds: Double) async -> Bool {
        do {
            try Task.checkCancellation()
            if seconds > 0 { try await sleep(seconds) }
            return true
        } catch {
            return false
        }
    }
}

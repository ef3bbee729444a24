import Synchronization

/// Requests and tokens a minute, by the generic cell rate algorithm (ITU-T I.371): a token bucket that holds one
/// request. Each reserves its time when it comes, so they start in order, and no minute has more requests than allowed.
final class RateLimiter: Sendable {
    private struct Lane {
        let secondsPerUnit: Double
        var next = -Double.infinity

        init?(perMinute: Int?) {
            guard let perMinute else { return nil }
            precondition(perMinute >= 1, "\(perMinute) a minute")
            secondsPerUnit = 60 / Double(perMinute)
        }

        mutating func reserve(_ units: Double, from time: Double) { next = time + units * secondsPerUnit }
        mutating func giveBack(_ units: Double) { next -= units * secondsPerUnit }
    }

    private struct Lanes {
        var requests: Lane?
        var tokens: Lane?
    }

    private let lanes: Mutex<Lanes>
    private let clock: CallClock

    /// - Parameters: nil, where there is no limit.
    init(requestsPerMinute: Int?, tokensPerMinute: Int?, clock: CallClock) {
        lanes = Mutex(Lanes(requests: Lane(perMinute: requestsPerMinute), tokens: Lane(perMinute: tokensPerMinute)))
        self.clock = clock
    }

    /// Waits until one more request of so many tokens may start.
    /// - Returns: false where the task was cancelled; then nothing is used up.
    func acquire(tokens: Int) async -> Bool {
        let now = clock.seconds()
        let start = lanes.withLock { lanes in
            let start = max(now, lanes.requests?.next ?? now, lanes.tokens?.next ?? now)
            lanes.requests?.reserve(1, from: start)
            lanes.tokens?.reserve(Double(tokens), from: start)
            return start
        }
        if await clock.wait(start - now) { return true }
        lanes.withLock { lanes in
            lanes.requests?.giveBack(1)
            lanes.tokens?.giveBack(Double(tokens))
        }
        return false
    }

    /// The request is over, and its tokens are known: they were reserved by estimate.
    func settle(reserved: Int, used: Int) { lanes.withLock { $0.tokens?.giveBack(Double(reserved) - Double(used)) } }
}

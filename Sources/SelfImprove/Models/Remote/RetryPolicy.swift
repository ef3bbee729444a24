import LocalLM

/// When a call is made again, and how long after: exponential back-off with full jitter (Brooker, "Exponential Backoff
/// And Jitter", AWS Architecture Blog 2015), a wait drawn evenly from 0 to min(cap, base 2^n).
///
/// Where the endpoint says how long to wait, that is waited, and up to a second more, so that calls that were told the
/// same do not come back as one.
public struct RetryPolicy: Sendable, Equatable {
    /// Calls in all, the first one included. What an endpoint teaches by refusing a parameter does not count.
    public var tries: Int
    /// Seconds.
    public var base: Double
    /// Seconds.
    public var cap: Double
    /// The longest wait, in seconds, that an endpoint may ask for.
    public var longestAsked: Double

    public init(tries: Int = 8, base: Double = 0.5, cap: Double = 30, longestAsked: Double = 600) {
        precondition(tries >= 1 && base >= 0 && cap >= 0 && longestAsked >= 0, "\(tries) tries, \(base) s, \(cap) s")
        self.tries = tries
        self.base = base
        self.cap = cap
        self.longestAsked = longestAsked
    }

    /// Statuses after which the same call may succeed: no other of 400 to 499 is ever tried again.
    public static func isRetried(status: Int) -> Bool { [408, 429, 500, 502, 503, 504, 529].contains(status) }

    /// Seconds to wait after a number of failed calls.
    func wait(afterFailures count: Int, asked: Double?, random: inout RandomStream) -> Double {
        let draw = random.uniform()
        if let asked { return min(max(asked, 0), longestAsked) + draw * min(1, cap) }
        var longest = base
        for _ in 1..<max(count, 1) where longest < cap { longest *= 2 }
        return draw * min(longest, cap)
    }
}

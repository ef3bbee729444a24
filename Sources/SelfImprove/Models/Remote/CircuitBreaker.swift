/// Keeps calls away from an endpoint that is down (Nygard, "Release It!", 2007).
///
///     closed     calls go; `threshold` failures in a row open it
///     open       nobody goes until `pause` seconds have passed
///     half open  one call goes, the probe: if it fails it opens again for twice as long, and any success closes it
///
/// A value: who owns it locks it, and tells it the time.
public struct CircuitBreaker: Sendable, Equatable {
    public enum State: String, Sendable, Codable {
        case closed
        case open
        case halfOpen = "half_open"
    }

    enum Admission: Equatable {
        case go
        /// Go, and whatever comes of it must be told.
        case probe
        /// Ask again after so many seconds.
        case wait(Double)
    }

    /// Failures in a row.
    public var threshold: Int
    /// Seconds that it first stays open; doubles up to `longestPause`.
    public var pause: Double
    public var longestPause: Double
    /// Seconds that a call waits, in all, for an endpoint that is down; then it fails as `unavailable`.
    public var patience: Double

    public private(set) var state = State.closed
    private var failures = 0
    private var currentPause = 0.0
    private var reopens = 0.0

    /// How often those ask that wait for another call's probe, in seconds.
    private static let interval = 1.0

    public init(threshold: Int = 5, pause: Double = 30, longestPause: Double = 300, patience: Double = 600) {
        precondition(
            threshold >= 1 && pause > 0 && longestPause >= pause,
            "\(threshold), \(pause) s, \(longestPause) s"
        )
        self.threshold = threshold
        self.pause = pause
        self.longestPause = longestPause
        self.patience = patience
    }

    mutating func admit(at now: Double) -> Admission {
        switch state {
        case .closed: return .go
        case .halfOpen: return .wait(Self.interval)
        case .open:
            guard now >= reopens else { return .wait(reopens - now) }
            state = .halfOpen
            return .probe
        }
    }

    /// The endpoint answered, be it with a refusal. A success that was under way when it opened counts as well.
    mutating func succeeded() {
        state = .closed
        failures = 0
        currentPause = 0
    }

    mutating func failed(_ admission: Admission, at now: Double) {
        switch state {
        case .closed:
            failures += 1
            if failures >= threshold { open(for: pause, at: now) }
        case .halfOpen where admission == .probe: open(for: min(currentPause * 2, longestPause), at: now)
        case .open, .halfOpen: break  // it was under way when it opened, and says nothing new
        }
    }

    /// A call ended without saying anything about the endpoint: it was cancelled. Another one may probe.
    mutating func abandoned(_ admission: Admission, at now: Double) {
        guard admission == .probe, state == .halfOpen else { return }
        state = .open
        reopens = now
    }

    private mutating func open(for seconds: Double, at now: Double) {
        state = .open
        currentPause = seconds
        reopens = now + seconds
        failures = 0
    }
}

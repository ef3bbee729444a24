import SelfImprove

/// What a peer behind an endpoint was asked so far, and what it does now.
public struct PeerStatus: Sendable, Codable, Equatable {
    public var name: String
    /// That ended, answered or not.
    public var calls: Int
    /// Without an answer, after all tries.
    public var failures: Int
    public var retries: Int
    /// Read and written.
    public var tokens: Int
    public var money: Double
    /// Sent, or waiting to be sent again; absent where it is not asked now.
    public var inFlight: Int?
    /// Waiting for a place.
    public var waiting: Int?
    /// `closed`: it is asked; `open`: it is taken for down, and calls wait; `half open`: one call tries.
    public var breaker: String?
    /// What the last try that failed said.
    public var lastFailure: String?

    /// As the lineage has it.
    init(_ line: CallReport.Line) {
        name = line.peer
        calls = line.calls
        failures = line.failures
        retries = line.retries
        tokens = line.promptTokens + line.completionTokens
        money = line.money
        lastFailure = line.lastFailure
    }

    /// Of this process.
    init(_ name: String, _ figures: EndpointFigures) {
        self.name = name
        calls = figures.done + figures.failures
        failures = figures.failures
        retries = figures.retries
        tokens = figures.usage.promptTokens + figures.usage.completionTokens
        money = 0
        inFlight = figures.inFlight
        waiting = figures.waiting
        breaker = figures.breaker.rawValue.replacing("_", with: " ")
        lastFailure = figures.lastFault
    }
}

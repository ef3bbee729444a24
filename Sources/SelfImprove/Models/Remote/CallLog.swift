/// Every call of an endpoint that has ended, on disk as soon as it has: what was paid for is never asked for again.
///
/// `DatabaseCallLog` keeps it in SQLite; tests have one in memory. A journal's step is written whole or not at all, and
/// a step of thousands of calls takes hours: a step that starts again finds here what it had been answered.
public protocol CallLog: Sendable {
    /// The answers to those of the calls that were answered.
    /// - Parameter digests: see `CallRecord.digest`.
    func answers(to digests: [String]) async throws -> [String: Answer]
    /// Returns once the call is on disk. A call of the same digest that failed before counts with it.
    func record(_ call: CallRecord) async throws
    /// What a peer has refused so far, as its latest call has it.
    func learnt(of peer: String) throws -> LearntParameters
    /// Tokens and money that a peer has cost so far.
    func spent(on peer: String) async throws -> CallCost
}

/// What calls cost.
public struct CallCost: Sendable, Equatable, Codable {
    /// Read by the endpoint.
    public var promptTokens: Int
    /// Written by it.
    public var completionTokens: Int
    /// By `price_per_million`, in its currency.
    public var money: Double

    public init(promptTokens: Int = 0, completionTokens: Int = 0, money: Double = 0) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.money = money
    }

    public var tokens: Int { promptTokens + completionTokens }

    public static func + (a: CallCost, b: CallCost) -> CallCost {
        CallCost(
            promptTokens: a.promptTokens + b.promptTokens,
            completionTokens: a.completionTokens + b.completionTokens,
            money: a.money + b.money
        )
    }

    public static func += (a: inout CallCost, b: CallCost) { a = a + b }
}

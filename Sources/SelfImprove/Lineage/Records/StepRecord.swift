import Foundation
import GRDB

/// The journal: one line per step. A step found `running` when a campaign is opened was cut off, and runs again.
public struct StepRecord: LineageRecord, Equatable {
    public static let databaseTableName = "steps"

    public enum State: String, Sendable, Codable { case running, done }

    public var campaign: String
    public var round: Int
    public var step: StepName
    /// From 1.
    public var turn: Int
    public var state: State
    /// What `StepResult.value` was; nil while it runs.
    public var value: JSONText?
    /// The sum of the three below.
    public var tokens: Int
    /// Tokens by kind, see `Usage`; nil for steps of versions that recorded only the sum.
    public var generated: Int?
    public var scored: Int?
    public var trained: Int?
    public var seconds: Double
    public var startedAt: Date
    public var endedAt: Date?

    public init(
        _ key: StepKey,
        state: State,
        value: JSONText? = nil,
        usage: Usage? = nil,
        seconds: Double = 0,
        startedAt: Date,
        endedAt: Date? = nil
    ) {
        campaign = key.campaign
        round = key.round
        step = key.step
        turn = key.turn
        self.state = state
        self.value = value
        tokens = usage?.tokens ?? 0
        generated = usage?.generated
        scored = usage?.scored
        trained = usage?.trained
        self.seconds = seconds
        self.startedAt = startedAt
        self.endedAt = endedAt
    }
}

/// The name of one step of one round. Round 0 is the preparation: the nursery and the evaluation of where everyone
/// starts.
public struct StepKey: Sendable, Hashable, Codable, CustomStringConvertible {
    public var campaign: String
    public var round: Int
    public var step: StepName
    /// Of the conversations that it answers; from 1, and 1 where a step has none.
    public var turn: Int

    public init(campaign: String, round: Int, step: StepName, turn: Int = 1) {
        self.campaign = campaign
        self.round = round
        self.step = step
        self.turn = turn
    }

    /// The step, and its turn from the second on.
    public var name: String { turn == 1 ? step.rawValue : "\(step.rawValue), turn \(turn)" }

    /// For people: "round 2: propose, turn 3".
    public var title: String { (round == 0 ? "prepare: " : "round \(round): ") + name }

    /// The step that a journal runs in this task: what it pays for is recorded with it.
    @TaskLocal public static var running: StepKey?

    public var description: String { "\(campaign), round \(round), \(name)" }
}

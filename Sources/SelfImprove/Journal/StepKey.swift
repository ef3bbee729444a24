/// The name of one step of one round. Round 0 is the preparation: the nursery and the evaluation of where everyone
/// starts.
public struct StepKey: Sendable, Hashable, Codable, CustomStringConvertible {
    public var campaign: String
    public var round: Int
    public var step: StepName

    public init(campaign: String, round: Int, step: StepName) {
        self.campaign = campaign
        self.round = round
        self.step = step
    }

    /// The step that a journal runs in this task: what it pays for is recorded with it.
    @TaskLocal public static var running: StepKey?

    public var description: String { "\(campaign), round \(round), \(step.rawValue)" }
}

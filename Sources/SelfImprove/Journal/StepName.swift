/// The steps of a campaign, in the order in which they run.
public enum StepName: String, Sendable, Codable, Hashable, CaseIterable, Comparable {
    case nursery, baseline, general
    case prompts, propose, aggregate, sft, sample, judge, dpo, evaluate, decide

    /// The steps before round 1; `general` only where a campaign has general conversations.
    public static let preparation: [StepName] = [.nursery, .baseline]
    /// The steps of every round.
    public static let round: [StepName] = [
        .prompts, .propose, .aggregate, .sft, .sample, .judge, .dpo, .evaluate, .decide,
    ]

    public static func < (a: StepName, b: StepName) -> Bool {
        allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
}

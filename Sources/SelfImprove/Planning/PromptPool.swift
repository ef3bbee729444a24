/// The prompts of a campaign's file that its rounds may draw, and how long they last.
public struct PromptPool: Sendable, Equatable, Encodable {
    public var prompts: Int
    public var perRound: Int

    public init(prompts: Int, perRound: Int) {
        self.prompts = prompts
        self.perRound = perRound
    }

    /// - Returns: nil for the nursery, which makes its prompts.
    /// - Throws: what reading the campaign's files throws.
    public static func measure(_ c: CampaignConfiguration) throws -> PromptPool? {
        guard case .file = c.prompts.source else { return nil }
        let comparison = try AnswerComparison(c.answers)
        let heldOut = try HeldOutSet.allCases.reduce(into: Set<String>()) {
            let (source, count) = c.evaluation.source(of: $1)
            let set = try source.heldOut($1, count: count, seed: c.seed, comparison: comparison)
            $0.formUnion(set.promptDigests)
        }
        let prompts = try c.prompts.source.left(
            upTo: .max,
            excluding: [],
            heldOut: heldOut,
            answered: c.mixture.exampleQuestions
        )
        return PromptPool(prompts: prompts, perRound: c.prompts.perRound)
    }

    /// Rounds that begin, the last one perhaps with fewer prompts than the others.
    public var rounds: Int { rounds(leaving: 1) }

    /// Rounds after which fewer prompts are left than `limit`.
    func rounds(leaving limit: Int) -> Int { prompts < limit ? 0 : (prompts - limit) / perRound + 1 }

    private enum CodingKeys: CodingKey { case prompts, perRound, rounds }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(prompts, forKey: .prompts)
        try container.encode(perRound, forKey: .perRound)
        try container.encode(rounds, forKey: .rounds)
    }
}

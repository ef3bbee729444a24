/// The prompts of a campaign's file that its rounds may draw, and how long they last.
public struct PromptPool: Sendable, Equatable, Encodable {
    public var prompts: Int
    public var perRound: Int

    public init(prompts: Int, perRound: Int) {
        self.prompts = prompts
        self.perRound = perRound
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

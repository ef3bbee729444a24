import LocalLM

/// One round of self-improvement: the algorithm of Mixture of Agents Alignment (arXiv 2505.03059) with a gate at its
/// end.
///
/// Every line of `run` is a journalled step: it runs at most once to its end, its rows enter the lineage with it, and
/// after a crash the round resumes with the step it was in. Steps read what the steps before them wrote.
///
/// How we deviate from the paper:
/// 1. Rounds iterate, and each is gated ("What the loop adds to the paper" in docs/ARCHITECTURE.md).
/// 2. Earlier rounds' answers are replayed.
/// 3. Verdicts become a ranking by Copeland scores; the paper does not say how.
public struct Round: Sendable {
    let campaign: Campaign
    let prepared: PreparedModels
    public let number: Int
    /// The champion when the round began: a proposer, and the policy to be trained.
    public let parent: String

    public init(_ campaign: Campaign, prepared: PreparedModels, number: Int, parent: String) {
        self.campaign = campaign
        self.prepared = prepared
        self.number = number
        self.parent = parent
    }

    public func run(_ journal: some StepJournal) async throws -> RoundOutcome {
        // Stage 1: the mixture answers fresh instructions, and the champion is fine-tuned on what passes the filters.
        try await journal.perform(key(.prompts)) { try await drawPrompts($0) }
        for turn in 1...(try await turns()) {
            try await journal.perform(key(.propose, turn: turn)) { try await propose(turn, $0) }
            try await journal.perform(key(.aggregate, turn: turn)) { try await aggregate(turn, $0) }
        }
        let sft = try await journal.perform(key(.sft)) { try await fineTune($0) }

        // Stage 2: the fine-tuned policy answers several times, a mixture of judges ranks the answers, and DPO follows.
        try await journal.perform(key(.sample)) { try await sample(from: sft, $0) }
        try await journal.perform(key(.judge)) { try await judge($0) }
        let dpo = try await journal.perform(key(.dpo)) { try await optimisePreferences(of: sft, $0) }

        // The gate: only what is truly better, on prompts that no training saw, becomes the champion.
        try await journal.perform(key(.evaluate)) { try await evaluate([.sft: sft, .dpo: dpo], $0) }
        return try await journal.perform(key(.decide)) { _ in try await decide(sft: sft, dpo: dpo) }
    }

    func key(_ step: StepName, turn: Int = 1) -> StepKey { campaign.stepKey(number, step, turn: turn) }

    /// The key of a step's randomness for one prompt.
    func key(_ step: StepName, _ prompt: PromptRecord) -> UInt64 {
        let key = RandomKey.derive(campaign.key(number, step), prompt.id)
        return prompt.turn == 1 ? key : RandomKey.derive(key, UInt64(prompt.turn))
    }

    /// The prompts of this round, each at its position.
    func prompts() async throws -> [PromptRecord] { try await campaign.history.prompts(campaign.name, round: number) }

    /// Of the longest conversation that was drawn; 1 where none was.
    private func turns() async throws -> Int {
        try await prompts().map { $0.turn + ($0.following?.count ?? 0) }.max() ?? 1
    }
}

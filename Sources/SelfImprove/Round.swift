import Foundation
import GRDB
import LocalLM

/// One round of self-improvement: the algorithm of Mixture of Agents Alignment (arXiv 2505.03059) with a gate at its end.
///
/// Every line of `run` is a journalled step: it runs at most once to its end, its rows enter the lineage with it, and after a
/// crash the round goes on with the step it was in. Steps read what the steps before them wrote.
///
/// We deviate from the paper: rounds iterate and are gated (section "What the loop adds" of docs/ARCHITECTURE.md); earlier rounds'
/// answers are replayed; verdicts become a ranking by Copeland scores.
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

    public func run(_ journal: some StepJournal) async throws -> RoundRecord.Outcome {
        // Stage 1: the mixture answers fresh instructions, and the champion is fine-tuned on what passes the filters.
        try await journal.perform(key(.prompts)) { try await drawPrompts($0) }
        try await journal.perform(key(.propose)) { try await propose($0) }
        try await journal.perform(key(.aggregate)) { try await aggregate($0) }
        let sft = try await journal.perform(key(.sft)) { try await fineTune($0) }

        // Stage 2: the fine-tuned policy answers several times, a mixture of judges ranks the answers, and DPO follows.
        try await journal.perform(key(.sample)) { try await sample(from: sft, $0) }
        try await journal.perform(key(.judge)) { try await judge($0) }
        let dpo = try await journal.perform(key(.dpo)) { try await optimisePreferences(of: sft, $0) }

        // The gate: only what is truly better, on prompts that no training saw, becomes the champion.
        try await journal.perform(key(.evaluate)) { try await evaluate([sft, dpo], $0) }
        return try await journal.perform(key(.decide)) { _ in try decide(sft: sft, dpo: dpo) }
    }

    func key(_ step: StepName) -> StepKey { campaign.stepKey(number, step) }

    /// The key of a step's randomness for one prompt.
    func key(_ step: StepName, _ prompt: PromptRecord) -> UInt64 {
        RandomKey.derive(campaign.key(number, step), prompt.id)
    }

    var prompts: [PromptRecord] { get throws { try campaign.lineage.prompts(campaign.name, round: number) } }
}

extension StepJournal {
    /// For steps whose result is in the lineage alone.
    func perform(_ step: StepKey, _ body: @Sendable (StepProgress) async throws -> StepResult<Int>) async throws {
        let _: Int = try await perform(step, body)
    }
}

/// A model that a step made, or why it made none. Later steps pass over what is not there.
public struct StageModel: Sendable, Equatable, Codable {
    public var digest: String?
    public var skipped: String?

    static func made(_ digest: String) -> StageModel { StageModel(digest: digest, skipped: nil) }
    static func skipped(_ reason: String) -> StageModel { StageModel(digest: nil, skipped: reason) }
}

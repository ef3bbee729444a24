/// Everything that a campaign's steps read of what earlier steps wrote.
///
/// `Lineage` answers from SQLite; a journal in memory answers from what it was handed.
public protocol CampaignHistory: Sendable {
    /// Ids of every prompt that the campaign drew before `round`.
    func usedPromptIDs(_ campaign: String, before round: Int) async throws -> Set<String>
    /// The prompts of a round, by position.
    func prompts(_ campaign: String, round: Int) async throws -> [PromptRecord]
    /// - Parameter layer: from 1; nil for all. By layer, position, proposer and sample.
    func drafts(_ campaign: String, round: Int, layer: Int?) async throws -> [DraftRecord]
    /// By position.
    func answers(_ campaign: String, round: Int) async throws -> [AnswerRecord]
    /// By position and sample.
    func samples(_ campaign: String, round: Int) async throws -> [SampleRecord]
    /// By position, judge and samples, without their reasonings.
    func verdicts(_ campaign: String, round: Int) async throws -> [VerdictRecord]
    /// By position.
    func pairs(_ campaign: String, round: Int) async throws -> [PairRecord]
    /// The answers of one round that its SFT trained on, with their prompts, in the order of the training set.
    func taught(_ campaign: String, round: Int) async throws -> [TaughtAnswer]
    /// Positions of a round's answers that carry what quarantined peers wrote.
    func tainted(_ campaign: String, round: Int, by quarantines: [Quarantine]) async throws -> Set<Int>
    /// All rounds that were begun, by number.
    func rounds(_ campaign: String) async throws -> [RoundRecord]
    func model(_ digest: String) async throws -> ModelRecord?
    /// A model's digest and those of all that it was trained from.
    func line(of digest: String) async throws -> Set<String>
    /// All evaluations, oldest first.
    func evaluations(_ campaign: String) async throws -> [EvaluationRecord]
    /// The latest evaluation of a model on one of the campaign's held-out sets.
    func evaluation(of model: String, on set: HeldOutSet, campaign: String) async throws -> EvaluationRecord?
    /// By prompt id.
    func evaluationAnswers(_ evaluation: Int64) async throws -> [EvaluationAnswerRecord]
    /// A model's answers to held-out general conversations, by position.
    func generalAnswers(of model: String, campaign: String) async throws -> [GeneralAnswerRecord]
    /// A nursery that an earlier campaign trained.
    func nursery(_ key: String) async throws -> NurseryRecord?
}

/// An instruction and the mixture's answer to it, as a training set of its round holds them.
public struct TaughtAnswer: Sendable, Equatable {
    public var prompt: PromptRecord
    public var answer: AnswerRecord

    public init(prompt: PromptRecord, answer: AnswerRecord) {
        self.prompt = prompt
        self.answer = answer
    }
}

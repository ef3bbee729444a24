import LocalLM

/// How a written judge came to a verdict: every text on the way, for people who want to know why.
public struct WrittenReasoning: Sendable, Equatable, Codable {
    /// Shared by all comparisons of a conversation.
    public var criteria: CriteriaChoice
    /// Of the judge-proposers, in their order.
    public var evaluations: [WrittenCall]
    /// Of the judge-aggregator; nil where it was not asked, because an evaluation failed.
    public var verdict: WrittenCall?
    /// SHA-256 of the files whose words the judge was asked in, by part (`JudgePrompts`).
    public var prompts: [String: String]?

    /// Tokens that were written for this comparison alone: the choice of criteria is not in it.
    public var ownTokens: Int { evaluations.reduce(verdict?.tokens ?? 0) { $0 + $1.tokens } }
}

/// The criteria of a conversation.
public struct CriteriaChoice: Sendable, Equatable, Codable {
    public var criteria: [Criterion]
    /// The choice could not be read or asked for: these are `Criterion.standard`.
    public var isDefault: Bool
    public var call: WrittenCall
}

/// One text that a model wrote for a judge, or why there is none.
public struct WrittenCall: Sendable, Equatable, Codable {
    /// In its part in the judge.
    public var participant: String
    /// Which model it is, as `ModelIdentity` describes it.
    public var model: String
    /// Evaluations are whole; a choice of criteria, or a verdict, that is very long is cut in its middle, which its
    /// text says.
    public var text: String?
    /// Written, EOS included.
    public var tokens: Int
    public var finishReason: FinishReason?
    /// Why there is no text.
    public var failure: String?

    init(_ answer: Answer, by participant: Proposer, isWhole: Bool) {
        self.participant = participant.name
        model = participant.model.identity.description
        text = isWhole ? answer.text : RawText.bounded(answer.text)
        tokens = answer.tokens
        finishReason = answer.finishReason
    }

    init(failure: String, of participant: Proposer) {
        self.participant = participant.name
        model = participant.model.identity.description
        tokens = 0
        self.failure = RawText.bounded(failure)
    }
}

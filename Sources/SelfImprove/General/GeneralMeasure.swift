/// What a model makes of the held-out general conversations, all together.
struct GeneralMeasure: Sendable, Equatable {
    /// Mean tokens of its answers.
    var length: Double
    /// Its mean negative logprob per token of the initial model's answers, in nats.
    var loss: Double

    /// Nil without answers.
    init?(_ answers: [GeneralAnswerRecord]) {
        let scored = answers.filter { $0.referenceLogprob != nil }
        let tokens = scored.reduce(0) { $0 + $1.referenceTokens }
        guard !answers.isEmpty, tokens > 0 else { return nil }
        length = Double(answers.reduce(0) { $0 + $1.answer.tokens }) / Double(answers.count)
        loss = -scored.reduce(0) { $0 + $1.referenceLogprob! } / Double(tokens)
    }
}

/// What a model that writes prompts is asked for in a round.
struct PlannedWriting: Sendable, Equatable {
    var model: Participant.Model
    /// Prompts that its share asks for.
    var prompts: Int
    var calls: Int
    /// Of one call.
    var promptTokens: Int
    var answerTokens: Int

    /// A guess: generations for each prompt that is kept; `PromptWriter.attempts` bounds them.
    private static let generations = 2
    /// A guess for what a template writes before a user's words.
    private static let opening = 20

    static func all(_ c: CampaignConfiguration, _ basis: PlanningBasis) -> [PlannedWriting] {
        let shares = c.prompts.shares
        let quotas = PromptDrawing.quotas(of: c.prompts.perRound, shares.map(\.share))
        return zip(shares, quotas).compactMap { share, prompts in
            guard let writer = share.writer else { return nil }
            return PlannedWriting(
                model: writer.model,
                prompts: prompts,
                calls: generations * prompts,
                promptTokens: writer.examples.map { examples in
                    EndpointClient.estimate(examples.prompt.ownTexts) + examples.shown * basis.promptTokens
                } ?? writer.opening.map { EndpointClient.estimate([$0.prefix]) } ?? opening,
                answerTokens: min(basis.promptTokens, writer.maximumTokens)
            )
        }
    }
}

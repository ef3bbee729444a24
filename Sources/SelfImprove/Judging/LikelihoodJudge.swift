import ModelFiles

/// Prefers the answer to which one of the models gives the higher mean logprob. Here a mixture of judges is a maximum:
/// an answer is good if some peer that knows the skill finds it likely.
public struct LikelihoodJudge: Judge {
    public let name: String
    private let models: [any LikelihoodModel]

    public init(_ models: [any LikelihoodModel], name: String = "likelihood") {
        precondition(!models.isEmpty, "a likelihood judge without models")
        self.models = models
        self.name = name
    }

    public func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        judgements: [Judgement], usage: Usage
    ) {
        // Each text of a prompt is scored once, however many comparisons it stands in.
        struct Question: Hashable { var messages: [Message], answer: String }
        var places: [Question: Int] = [:]
        var questions: [(messages: [Message], answer: String)] = []
        for comparison in comparisons {
            for text in [comparison.first, comparison.second]
            where places[Question(messages: comparison.messages, answer: text)] == nil {
                places[Question(messages: comparison.messages, answer: text)] = questions.count
                questions.append((comparison.messages, text))
            }
        }
        var best = [Double](repeating: -.infinity, count: questions.count)
        var usage = Usage()
        for (index, model) in models.enumerated() {
            let share = comparisons.count / models.count
            let total = max(questions.count, 1)
            for (i, likelihood) in try await model.likelihood(
                of: questions,
                progress: { progress(index * share + share * $0 / total) }
            ).enumerated() {
                best[i] = max(best[i], likelihood.mean)
                usage.scored += likelihood.tokens
            }
        }
        let judgements = comparisons.map { comparison in
            let first = best[places[Question(messages: comparison.messages, answer: comparison.first)]!]
            let second = best[places[Question(messages: comparison.messages, answer: comparison.second)]!]
            return Judgement(Verdict(comparing: first, second))
        }
        return (judgements, usage)
    }
}

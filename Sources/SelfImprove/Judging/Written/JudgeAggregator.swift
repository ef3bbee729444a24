/// Reads two answers and what the judge-proposers wrote about them, and gives the verdict (the paper, section 3.3).
/// Without judge-proposers it judges alone, as MT-Bench's pairwise judge does (arXiv 2306.05685).
public struct JudgeAggregator: Sendable {
    public var participant: Proposer
    public var prompts: JudgePrompts

    public init(_ participant: Proposer, prompts: JudgePrompts = .standard) {
        self.participant = participant
        self.prompts = prompts
    }

    /// A verdict per question, and the call that it is from. `.unparsable` where it cannot be read or was not answered.
    func decide(
        _ questions: [(question: JudgeQuestion, evaluations: [String])],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [(verdict: Verdict, call: WrittenCall)] {
        let answers = try await participant.written(
            questions.map { question, evaluations in
                let prompt = evaluations.isEmpty ? prompts.single : prompts.verdict
                let criteria = prompts.definitions.list(question.criteria)
                let message = prompt.message(question, criteria: criteria, evaluations: evaluations)
                return (message, question.task, question.key)
            },
            samples: 1,
            progress: progress
        )
        return answers.map { answers in
            switch answers {
            case .success(let answers):
                (
                    VerdictParser.parse(answers[0].text).value ?? .unparsable,
                    WrittenCall(answers[0], by: participant, isWhole: false)
                )
            case .failure(let error): (.unparsable, WrittenCall(failure: error.description, of: participant))
            }
        }
    }
}

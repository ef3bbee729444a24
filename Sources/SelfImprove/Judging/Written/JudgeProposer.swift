/// Evaluates two answers in words: a grade for every criterion, strengths and weaknesses (the paper, section 3.3).
/// What it writes is kept whole, and only the judge-aggregator reads it.
public struct JudgeProposer: Sendable {
    /// With several samples it writes as many evaluations.
    public var participant: Proposer
    public var prompts: JudgePrompts

    public init(_ participant: Proposer, prompts: JudgePrompts = .standard) {
        self.participant = participant
        self.prompts = prompts
    }

    /// Evaluations per question; one failed call where they were not answered.
    func evaluate(_ questions: [JudgeQuestion], progress: @escaping @Sendable (Int) -> Void) async throws
        -> [[WrittenCall]]
    {
        let answers = try await participant.written(
            questions.map {
                (prompts.evaluation.message($0, criteria: prompts.definitions.list($0.criteria)), $0.task, $0.key)
            },
            samples: participant.samples,
            progress: progress
        )
        return answers.map { answers in
            switch answers {
            case .success(let answers): answers.map { WrittenCall($0, by: participant, isWhole: true) }
            case .failure(let error): [WrittenCall(failure: error.description, of: participant)]
            }
        }
    }
}

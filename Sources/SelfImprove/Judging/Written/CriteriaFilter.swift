/// Lets a model choose the three criteria that matter for a conversation ("criteria filtering", the paper, section
/// 3.3).
public struct CriteriaFilter: Sendable {
    public var participant: Proposer
    public var prompts: JudgePrompts

    public init(_ participant: Proposer, prompts: JudgePrompts = .standard) {
        self.participant = participant
        self.prompts = prompts
    }

    /// One choice per question, from its conversation alone. What cannot be read, or was not answered, is
    /// `Criterion.standard`, and says so.
    func choose(for questions: [JudgeQuestion], progress: @escaping @Sendable (Int) -> Void) async throws
        -> [CriteriaChoice]
    {
        let list = prompts.definitions.list(Criterion.allCases)
        let answers = try await participant.written(
            questions.map { (prompts.criteria.message($0, criteria: list), $0.task, $0.key) },
            samples: 1,
            progress: progress
        )
        return answers.map { answers in
            switch answers {
            case .success(let answers):
                let criteria = CriteriaParser.parse(answers[0].text).value
                return CriteriaChoice(
                    criteria: criteria ?? Criterion.standard,
                    isDefault: criteria == nil,
                    call: WrittenCall(answers[0], by: participant, isWhole: false)
                )
            case .failure(let error):
                return CriteriaChoice(
                    criteria: Criterion.standard,
                    isDefault: true,
                    call: WrittenCall(failure: error.description, of: participant)
                )
            }
        }
    }
}

/// What the figures of a round are measured on.
struct RoundEvidence: Sendable {
    /// The challenger's score on the gate set minus its parent's.
    var gain: Double
    /// Both on the gate set.
    var challenger: EvaluationRecord?
    var parent: EvaluationRecord?
    /// The challenger's answers to the gate set.
    var outputs: [String]
    /// The mixture's last score on the report set, and the parent's on the same prompts.
    var mixture: Score?
    var parentReport: Score?
    /// The mixture's answers in this round.
    var answers: [AnswerRecord]
    var pairs: Int
    /// What the verdicts say of the judges, all of them together.
    var judging = JudgingFigures()
    /// What DPO reported, where the round had one.
    var preferences: Preferences?
    /// The challenger and the initial model on held-out general conversations, where there are some.
    var general: (challenger: GeneralMeasure, initial: GeneralMeasure)?

    /// The part of DPO's `TrainingReport` that figures are measured on.
    struct Preferences: Sendable, Decodable {
        /// Mean logprob of the chosen answers over the first and the last tenth of the steps, in nats.
        var firstChosenLogprob: Double?
        var lastChosenLogprob: Double?
    }
}

extension Round {
    /// The parent's score on the prompts of the report set that the mixture answered.
    private func parentScore(besides mixture: EvaluationRecord?) async throws -> Score? {
        let history = campaign.history
        let report = try await history.evaluation(of: parent, on: .report, campaign: campaign.name)
        guard let mixture, let report, let id = report.id, mixture.n < report.n, let part = mixture.id else {
            return report?.score
        }
        let asked = Set(try await history.evaluationAnswers(part).map(\.promptId))
        let answers = try await history.evaluationAnswers(id).filter { asked.contains($0.promptId) }
        return Score(correct: answers.count { $0.isRight(by: report.marks) }, n: answers.count)
    }

    /// The figures of this round, by key.
    /// - Parameter gain: of the challenger over its parent, on the gate set.
    func figures(challenger: String, gain: Double) async throws -> JSONText {
        let history = campaign.history, name = campaign.name
        let onGate = try await history.evaluation(of: challenger, on: .gate, campaign: name)
        let dpo = try await history.rounds(name).first { $0.round == number }?[.dpo]
        var preferences: RoundEvidence.Preferences?
        if let dpo, let model = try await history.model(dpo) { preferences = try model.settings.decode() }
        var outputs: [String] = []
        if let id = onGate?.id { outputs = try await history.evaluationAnswers(id).map(\.output) }
        func general(_ model: String) async throws -> GeneralMeasure? {
            GeneralMeasure(try await history.generalAnswers(of: model, campaign: name))
        }
        var conversations: (challenger: GeneralMeasure, initial: GeneralMeasure)?
        if let new = try await general(challenger), let first = try await general(prepared.initial) {
            conversations = (new, first)
        }
        let mixture = try await history.evaluations(name).last { $0.subject == .mixture }
        let evidence = RoundEvidence(
            gain: gain,
            challenger: onGate,
            parent: try await history.evaluation(of: parent, on: .gate, campaign: name),
            outputs: outputs,
            mixture: mixture?.score,
            parentReport: try await parentScore(besides: mixture),
            answers: try await history.answers(name, round: number),
            pairs: try await history.pairs(name, round: number).count,
            judging: JudgingFigures(
                try await history.verdicts(name, round: number),
                of: try await history.samples(name, round: number)
            ),
            preferences: preferences,
            general: conversations
        )
        return try JSONText(
            Dictionary(
                uniqueKeysWithValues: RoundFigure.all.compactMap { figure in
                    figure.measure(evidence).map { (figure.key, $0) }
                }
            )
        )
    }
}

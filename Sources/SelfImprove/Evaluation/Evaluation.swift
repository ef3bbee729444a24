import LocalLM

/// Held-out evaluation within a campaign: who answered what, as rows for the lineage.
struct Evaluation: Sendable {
    typealias Records = (EvaluationRecord, [EvaluationAnswerRecord])

    private let campaign: Campaign
    private let prepared: PreparedModels
    private let gate: EvaluationSet
    private let report: EvaluationSet

    /// Reads both sets.
    init(_ campaign: Campaign, _ prepared: PreparedModels) throws {
        self.campaign = campaign
        self.prepared = prepared
        gate = try campaign.evaluationSet(prepared, .gate)
        report = try campaign.evaluationSet(prepared, .report)
    }

    private var evaluator: Evaluator { Evaluator(maximumTokens: campaign.configuration.evaluation.maximumTokens) }

    func model(
        _ digest: String,
        on set: EvaluationRecord.Set,
        round: Int,
        subject: EvaluationRecord.Subject,
        name: String,
        _ progress: @escaping @Sendable (Int) -> Void,
        _ tokens: inout Int
    ) async throws -> Records {
        let model = try await campaign.library.model(digest, name: name)
        let result = try await evaluator.evaluate(model, on: set == .gate ? gate : report, progress: progress)
        tokens += Int((result.meanTokens ?? 0) * Double(result.answers.count))
        return campaign.records(
            result,
            round: round,
            model: digest,
            set: set,
            subject: subject,
            name: name,
            dataset: prepared.dataset(set)
        )
    }

    /// What the mixture with this champion answers, on the set that is only reported: the ceiling of what a round can teach. From
    /// the same drafts also what the most confident one and a vote would have said: that is what the aggregator is worth.
    func mixture(champion: String, round: Int, _ tokens: inout Int) async throws -> [Records] {
        let mixture = try await campaign.mixture(prepared, champion: champion)
        let key = RandomKey.derive(campaign.key(round, .evaluate), "mixture")
        let instructions = report.items.map {
            Mixture.Instruction(messages: $0.messages, key: RandomKey.derive(key, $0.id))
        }
        let (layers, used) = try await mixture.propose(instructions)
        tokens += used
        var records: [Records] = []
        func add(_ name: String, _ answers: [ChatAnswer]) {
            let mean = Double(answers.reduce(0) { $0 + $1.tokens }) / Double(answers.count)
            let result = EvaluationResult(report, outputs: answers.map(\.text), meanTokens: mean)
            records.append(
                campaign.records(
                    result,
                    round: round,
                    model: nil,
                    set: .report,
                    subject: .mixture,
                    name: name,
                    dataset: prepared.reportSet
                )
            )
        }
        let answers = try await mixture.aggregate(instructions, drafts: layers[layers.count - 1])
        tokens += answers.reduce(0) { $0 + $1.tokens }
        add("mixture", answers)
        for (name, rule) in [("most confident", Mixture.Aggregator.mostConfident), ("plurality", .plurality)] {
            var other = mixture
            other.aggregator = rule
            add(name, try await other.aggregate(instructions, drafts: layers[0]))
        }
        return records
    }
}

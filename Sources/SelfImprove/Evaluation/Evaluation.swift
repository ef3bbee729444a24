import LocalLM

/// Held-out evaluation within a campaign: answers a set greedily, and makes of it what the lineage keeps.
struct Evaluation: Sendable {
    private let campaign: Campaign
    private let prepared: PreparedModels
    private let sets: [HeldOutSet: EvaluationSet]

    /// Reads the held-out sets.
    init(_ campaign: Campaign, _ prepared: PreparedModels) throws {
        self.campaign = campaign
        self.prepared = prepared
        sets = Dictionary(
            uniqueKeysWithValues: try HeldOutSet.allCases.map { ($0, try campaign.evaluationSet(prepared, $0)) }
        )
    }

    private func set(_ name: HeldOutSet) -> EvaluationSet { sets[name]! }

    /// What the mixture answers: all of the report set, or a part of it that is the same in every round.
    private var mixtureSet: EvaluationSet {
        let configuration = campaign.configuration
        return set(.report).part(
            configuration.evaluation.mixturePrompts ?? .max,
            seed: RandomKey.derive(configuration.seed, "mixture")
        )
    }

    /// How many prompts some sets hold together.
    func prompts(_ names: [HeldOutSet]) -> Int { names.reduce(0) { $0 + set($1).items.count } }

    /// What `mixture` asks of models, in calls.
    var mixtureCalls: Int {
        let mixture = campaign.configuration.mixture
        let aggregated = mixture.aggregator.rule == nil ? 1 : 0
        return mixtureSet.items.count * (mixture.draftsPerPrompt * (mixture.layers - 1) + aggregated)
    }

    func model(
        _ model: any ChatModel,
        on name: HeldOutSet,
        round: Int,
        as subject: EvaluationSubject,
        name label: String,
        _ meter: CallMeter,
        _ usage: inout Usage
    ) async throws -> LineageEntry {
        let sampling = Sampling(maximumTokens: campaign.configuration.evaluation.maximumTokens)
        let requests = set(name).items.map { ChatRequest(messages: $0.messages, sampling: sampling, key: 0) }
        let answers = try await model.answer(requests, progress: meter.call("\(label), \(name.rawValue)")).answered()
            .map { $0?[0] ?? .none }
        let result = EvaluationResult(set(name), answers: answers)
        usage.generated += result.tokens
        return entry(result, on: name, round: round, model: model.identity.description, as: subject, name: label)
    }

    /// What the mixture with this champion answers, on the set that is only reported or on a part of it: the ceiling of
    /// what a round can teach. From the drafts that the aggregator saw also what each rule would have chosen: that is
    /// what the aggregator is worth.
    func mixture(
        champion: String,
        round: Int,
        _ meter: CallMeter,
        _ usage: inout Usage
    ) async throws -> [LineageEntry] {
        let mixture = try await campaign.builder(prepared, meter.part()).mixture(champion: champion)
        let key = RandomKey.derive(campaign.key(round, .evaluate), "mixture")
        let set = mixtureSet
        let instructions = set.items.map {
            Instruction(messages: $0.messages, task: $0.task, key: RandomKey.derive(key, $0.id))
        }
        let (layers, drafted) = try await mixture.propose(instructions, progress: meter.part())
        let seen = layers[layers.count - 1]
        let aggregation = try await mixture.aggregate(instructions, drafts: seen, progress: meter.part())
        usage += drafted + aggregation.usage
        let chosen = AggregationRule.allCases.map { rule in
            (EvaluationSubject.rule, rule.words, mixture.answers(to: instructions, of: seen, by: rule))
        }
        return ([(.mixture, "mixture", aggregation.answers)] + chosen).map { subject, name, answers in
            let result = EvaluationResult(set, answers: answers.map { $0 ?? .none })
            return entry(result, on: .report, round: round, model: nil, as: subject, name: name)
        }
    }

    private func entry(
        _ result: EvaluationResult,
        on set: HeldOutSet,
        round: Int,
        model: String?,
        as subject: EvaluationSubject,
        name: String
    ) -> LineageEntry {
        let marks = result.lenient == nil ? nil : campaign.configuration.gate.marks
        let right = marks == .lenient ? result.lenient ?? result.correct : result.correct
        let score = Score(correct: right, n: result.items.count)
        let record = EvaluationRecord(
            campaign: campaign.name,
            round: round,
            model: model,
            set: set,
            subject: subject,
            name: name,
            n: score.n,
            correct: result.correct,
            lenient: result.lenient,
            marks: marks,
            low: score.low,
            high: score.high,
            slices: result.slices,
            dataset: prepared.dataset(set),
            meanTokens: result.meanTokens,
            createdAt: campaign.now()
        )
        let answers = result.items.map {
            EvaluationAnswerRecord(
                promptId: $0.id,
                slice: $0.slice,
                output: $0.output,
                correct: $0.correct,
                lenient: $0.lenient
            )
        }
        return .evaluation(record, answers: answers)
    }
}

import LocalLM
import ModelFiles

/// General conversations, against forgetting: the initial model answers them once, in round 0, every round trains on
/// some of its answers, and on a held-out part of the prompts every new model is measured against it.
///
/// Rehearsal of a model's own behaviour (Robins 1995; self-synthesized rehearsal, Huang et al., arXiv 2403.01244). The
/// prompts and answers are prompts and answers of round 0 in the lineage, so that a row that trains on them traces back
/// to them as every other row does.
struct GeneralConversations: Sendable {
    private let campaign: Campaign
    private let prepared: PreparedModels
    private let settings: CampaignConfiguration.General

    /// Nil where the campaign has none.
    init?(_ campaign: Campaign, _ prepared: PreparedModels) {
        guard let settings = campaign.configuration.sft.general else { return nil }
        self.campaign = campaign
        self.prepared = prepared
        self.settings = settings
    }

    private var sampling: Sampling {
        Sampling(temperature: settings.temperature, topP: settings.topP, maximumTokens: settings.maximumTokens)
    }

    // MARK: Round 0

    /// The initial model's answers to all prompts, and what it is measured by itself.
    func answerOnce(_ progress: StepProgress) async throws -> StepResult<Int> {
        let rows = try drawn()
        let key = campaign.key(0, .general)
        progress.report(done: 0, total: rows.count, unit: "answers", note: "loading the initial model")
        let model = try await campaign.models.chatModel(prepared.initial, name: "initial")
        let requests = rows.map { row in
            ChatRequest(messages: row.prompt, sampling: sampling, key: RandomKey.derive(key, id(row)))
        }
        let answers = try await model.answer(requests) {
            progress.report(done: $0, total: rows.count, unit: "answers", note: "general conversations")
        }.answered().map { $0?[0] ?? .none }
        var prompts: [PromptRecord] = [], records: [AnswerRecord] = []
        for (position, (row, answer)) in zip(rows, answers).enumerated() {
            prompts.append(
                PromptRecord(
                    campaign: campaign.name,
                    round: 0,
                    position: position,
                    id: id(row),
                    task: Self.task,
                    messages: row.prompt,
                    sha256: PromptDigest.of(row.prompt)
                )
            )
            let refusals = campaign.configuration.mixture.filters.refusals
            let reason = AnswerFilter.unusable(answer, to: row.prompt, refusals: refusals)?.rawValue
            let isHeldOut = position < settings.heldOut
            records.append(
                AnswerRecord(
                    campaign: campaign.name,
                    round: 0,
                    position: position,
                    answer: answer,
                    confidence: answer.meanLogprob,
                    kept: reason == nil && !isHeldOut,
                    reason: isHeldOut ? Self.heldOut : reason,
                    aggregator: "initial",
                    aggregatorModel: prepared.initial,
                    hard: false
                )
            )
        }
        var usage = Usage(generated: answers.reduce(0) { $0 + $1.tokens })
        let guarded = Array(zip(prompts, records).prefix(settings.heldOut))
        let (measured, scored) = try await measured(
            prepared.initial,
            named: "initial",
            round: 0,
            guarded,
            answers: guarded.map(\.1.answer),
            progress
        )
        usage.scored += scored
        let entries: [any LineageRecord] = prompts + records + measured
        return StepResult(value: records.count { $0.kept }, usage: usage, entries: entries.map(LineageEntry.row))
    }

    /// All prompts of the file in a seeded order, without those of held-out sets and of examples.
    private func drawn() throws -> [PromptRow] {
        let heldOut = try HeldOutSet.allCases.reduce(into: Set<String>()) {
            $0.formUnion(try campaign.evaluationSet(prepared, $1).promptDigests)
        }
        return try Self.drawn(settings, campaign.configuration, heldOut: heldOut)
    }

    private static func drawn(
        _ settings: CampaignConfiguration.General,
        _ configuration: CampaignConfiguration,
        heldOut: Set<String>
    ) throws -> [PromptRow] {
        try settings.prompts.fresh(
            count: .max,
            excluding: [],
            heldOut: heldOut,
            answered: configuration.mixture.exampleQuestions,
            seed: configuration.key(0, .general)
        )
    }

    /// The prompts on which models are measured, as round 0 lays them down.
    /// - Parameter heldOut: digests of what the gate and the report ask.
    static func heldOutPrompts(_ configuration: CampaignConfiguration, heldOut: Set<String>) throws -> [[Message]] {
        guard let settings = configuration.sft.general, settings.heldOut > 0 else { return [] }
        return try drawn(settings, configuration, heldOut: heldOut).prefix(settings.heldOut).map(\.prompt)
    }

    /// The same, of what round 0 wrote.
    static func heldOutPrompts(_ prompts: [PromptRecord], _ answers: [AnswerRecord]) -> [[Message]] {
        zip(prompts, answers).filter { $0.1.reason == heldOut }.map(\.0.messages)
    }

    private func id(_ row: PromptRow) -> String { row.id ?? PromptDigest.of(row.prompt) }

    // MARK: Every round

    /// Conversations for a round's training set, another choice in every round.
    func rows(round: Int) async throws -> [TaughtAnswer] {
        let prompts = try await campaign.history.prompts(campaign.name, round: 0)
        var kept = try await campaign.history.answers(campaign.name, round: 0).filter(\.kept)
        var random = RandomStream(key: RandomKey.derive(campaign.key(round, .sft), "general"))
        random.shuffle(&kept)
        return kept.prefix(settings.rows).sorted { $0.position < $1.position }.map {
            TaughtAnswer(prompt: prompts[$0.position], answer: $0)
        }
    }

    /// Calls of measuring one model.
    var calls: Int { settings.heldOut }

    /// What a model of a round makes of the held-out conversations.
    func measure(
        _ digest: String,
        named name: String,
        round: Int,
        _ meter: CallMeter,
        _ usage: inout Usage
    ) async throws -> [LineageEntry] {
        let prompts = try await campaign.history.prompts(campaign.name, round: 0)
        let answers = try await campaign.history.answers(campaign.name, round: 0)
        let guarded = zip(prompts, answers).filter { $0.1.reason == Self.heldOut }.map { ($0.0, $0.1) }
        let key = campaign.key(0, .general)
        let model = try await campaign.models.chatModel(digest, name: name)
        let requests = guarded.map { prompt, _ in
            ChatRequest(messages: prompt.messages, sampling: sampling, key: RandomKey.derive(key, prompt.id))
        }
        let own = try await model.answer(requests, progress: meter.call("\(name), general conversations")).answered()
            .map { $0?[0] ?? .none }
        let (records, scored) = try await measured(
            digest,
            named: name,
            round: round,
            guarded,
            answers: own,
            meter.part()
        )
        usage.generated += own.reduce(0) { $0 + $1.tokens }
        usage.scored += scored
        return records.map(LineageEntry.row)
    }

    private func measured(
        _ digest: String,
        named name: String,
        round: Int,
        _ guarded: [(PromptRecord, AnswerRecord)],
        answers: [Answer],
        _ progress: StepProgress
    ) async throws -> (records: [GeneralAnswerRecord], scored: Int) {
        let model = try await campaign.models.likelihoodModel(digest, name: name)
        let likelihoods = try await model.likelihood(
            of: guarded.map { (messages: $0.messages, answer: $1.answer.text) }
        ) { progress.report(done: $0, total: guarded.count, unit: "answers", note: "scored by \(name)") }
        let records = zip(zip(guarded, answers), likelihoods).map { pair, likelihood in
            let ((prompt, _), answer) = pair
            let logprob: Double? = if case .measured(let logprob, _) = likelihood { logprob } else { nil }
            return GeneralAnswerRecord(
                campaign: campaign.name,
                round: round,
                model: digest,
                position: prompt.position,
                answer: answer,
                referenceLogprob: logprob,
                referenceTokens: likelihood.tokens
            )
        }
        return (records, likelihoods.reduce(0) { $0 + $1.tokens })
    }

    private static let task = "general"
    /// Why an answer of round 0 is not trained on.
    private static let heldOut = "held out"
}

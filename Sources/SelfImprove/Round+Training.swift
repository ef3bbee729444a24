import Foundation
import GRDB
import LocalLM
import ModelFiles

/// SFT on the mixture's answers, then samples, judges and DPO.
extension Round {
    // MARK: SFT

    func fineTune(_ progress: StepProgress) async throws -> StepResult<StageModel> {
        let settings = campaign.configuration.sft
        let rows = try ownRows(settings) + replayedRows(settings)
        guard rows.contains(where: { $0.origin.round == number }) else {
            return StepResult(value: .skipped("no answer of the mixture passed the filters"))
        }
        let dataset = try campaign.lineage.files.write(dataset: JSONLines.encode(rows.map(\.row)))
        let seed = campaign.key(number, .sft)
        return try await stage(.sft, from: parent, dataset: dataset, kind: .sft, rows: rows.map(\.origin), seed: seed) {
            policy,
            training in
            try await FineTuning.sft(
                policy,
                rows,
                settings,
                seed: seed,
                threads: campaign.configuration.threads,
                training: training,
                progress: progress
            )
        }
    }

    /// What the mixture taught in this round.
    private func ownRows(_ settings: CampaignConfiguration.SFT) throws -> [TrainingSet.Supervised] {
        let prompts = try prompts
        let kept = try campaign.lineage.answers(campaign.name, round: number).filter(\.kept).prefix(
            settings.maximumRows ?? .max
        )
        return kept.compactMap { answer in
            let weight = answer.hard ? settings.hardWeight : settings.easyWeight
            return weight > 0 ? Self.row(prompts[answer.position], answer, weight: weight) : nil
        }
    }

    /// What it taught in earlier rounds: data accumulates, against forgetting and collapse (arXiv 2404.01413). Rounds that a
    /// rollback undid are left out; rejected ones are not, for their answers passed the same filters. Of more rows than are wanted, every
    /// round draws anew.
    private func replayedRows(_ settings: CampaignConfiguration.SFT) throws -> [TrainingSet.Supervised] {
        guard settings.replay > 0 else { return [] }
        let lineage = campaign.lineage
        let line = try lineage.line(of: parent)
        var rows: [TrainingSet.Supervised] = []
        for round in try lineage.rounds(campaign.name) where round.round < number {
            let belongs =
                round.outcome == .promoted ? line.contains(round.championAfter ?? "") : line.contains(round.parent)
            guard belongs, round.outcome != .abandoned, let model = round.sftModel,
                let dataset = try lineage.model(model)?.dataset
            else { continue }
            let prompts = try lineage.prompts(campaign.name, round: round.round)
            let answers = Dictionary(
                uniqueKeysWithValues: try lineage.answers(campaign.name, round: round.round).map { ($0.position, $0) }
            )
            for position in try lineage.positions(ofDataset: dataset, campaign: campaign.name, round: round.round) {
                guard let answer = answers[position] else { continue }
                rows.append(Self.row(prompts[position], answer, weight: settings.replay))
            }
        }
        guard let limit = settings.maximumReplayedRows, rows.count > limit else { return rows }
        var random = RandomStream(key: RandomKey.derive(campaign.key(number, .sft), "replay"))
        var order = Array(rows.indices)
        random.shuffle(&order)
        return order.prefix(limit).sorted().map { rows[$0] }
    }

    private static func row(_ prompt: PromptRecord, _ answer: AnswerRecord, weight: Double) -> TrainingSet.Supervised {
        TrainingSet.Supervised(
            row: SFTRow(prompt: prompt.messages, completion: [Message(role: "assistant", content: answer.text)]),
            weight: weight,
            origin: .init(round: prompt.round, position: prompt.position)
        )
    }

    // MARK: Samples and judges

    /// Positions of kept prompts: first those that SFT was not trained on, where samples still differ, then the others.
    private func promptsForPairs() throws -> [Int] {
        let kept = try campaign.lineage.answers(campaign.name, round: number).filter(\.kept).map(\.position)
        let trained = min(campaign.configuration.sft.maximumRows ?? kept.count, kept.count)
        return Array(kept[trained...] + kept[..<trained])
    }

    func sample(from sft: StageModel, _ progress: StepProgress) async throws -> StepResult<Int> {
        let settings = campaign.configuration.dpo
        guard settings.enabled, let policy = sft.digest else { return StepResult(value: 0) }
        let prompts = try prompts
        let chosen = try promptsForPairs().prefix(settings.prompts).map { prompts[$0] }
        let requests = chosen.map {
            ChatRequest(messages: $0.messages, samples: settings.samples, key: key(.sample, $0))
        }
        let meter = CallMeter(total: requests.count * settings.samples, unit: "samples", progress)
        let model = try await campaign.library.model(policy, name: "policy")
        let answers = try await model.answer(
            requests,
            sampling: Sampling(
                temperature: settings.temperature,
                maximumTokens: campaign.configuration.mixture.maximumTokens
            ),
            progress: meter.call("policy")
        )
        let records = zip(chosen, answers).flatMap { prompt, samples in
            samples.enumerated().map { index, sample in
                SampleRecord(
                    campaign: campaign.name,
                    round: number,
                    position: prompt.position,
                    sample: index,
                    text: sample.text,
                    tokens: sample.tokens,
                    logprob: sample.logprob
                )
            }
        }
        return StepResult(value: records.count, tokens: records.reduce(0) { $0 + $1.tokens }) { db in
            for record in records { try record.insert(db) }
        }
    }

    func judge(_ progress: StepProgress) async throws -> StepResult<Int> {
        let samples = Dictionary(grouping: try campaign.lineage.samples(campaign.name, round: number), by: \.position)
            .sorted { $0.key < $1.key }
        guard !samples.isEmpty else { return StepResult(value: 0) }
        let prompts = try prompts
        let answers = Dictionary(
            uniqueKeysWithValues: try campaign.lineage.answers(campaign.name, round: number).map {
                ($0.position, $0.text)
            }
        )
        let limit = campaign.configuration.mixture.maximumTokens
        let candidates = samples.map { position, samples in
            MixtureOfJudges.Candidates(
                messages: prompts[position].messages,
                samples: samples.sorted { $0.sample < $1.sample }.map {
                    ChatAnswer(
                        text: $0.text,
                        tokens: $0.tokens,
                        logprob: $0.logprob,
                        finishReason: $0.tokens >= limit ? .length : .stop
                    )
                },
                mixture: answers[position] ?? ""
            )
        }
        let (rankings, tokens) = try await campaign.judges(prepared).rank(candidates, progress: progress)
        var verdicts: [VerdictRecord] = [], pairs: [PairRecord] = []
        for ((position, _), ranking) in zip(samples, rankings) {
            verdicts += ranking.verdicts.map {
                VerdictRecord(
                    campaign: campaign.name,
                    round: number,
                    position: position,
                    judge: $0.judge,
                    first: $0.first,
                    second: $0.second,
                    verdict: $0.verdict,
                    swappedVerdict: $0.swapped
                )
            }
            if let pair = ranking.pair {
                pairs.append(
                    PairRecord(
                        campaign: campaign.name,
                        round: number,
                        position: position,
                        chosenSample: pair.chosen,
                        rejectedSample: pair.rejected,
                        chosenScore: pair.chosenScore,
                        rejectedScore: pair.rejectedScore
                    )
                )
            }
        }
        return StepResult(value: pairs.count, tokens: tokens) { [verdicts, pairs] db in
            for verdict in verdicts { try verdict.insert(db) }
            for pair in pairs { try pair.insert(db) }
        }
    }

    // MARK: DPO

    /// Best against worst sample of every prompt that has both; the reference is the policy that sampled them.
    func optimisePreferences(of sft: StageModel, _ progress: StepProgress) async throws -> StepResult<StageModel> {
        let settings = campaign.configuration.dpo
        guard settings.enabled else { return StepResult(value: .skipped("DPO is off")) }
        guard let policy = sft.digest else { return StepResult(value: .skipped("there is no SFT model")) }
        let prompts = try prompts
        let samples = Dictionary(grouping: try campaign.lineage.samples(campaign.name, round: number), by: \.position)
        let rows = try campaign.lineage.pairs(campaign.name, round: number).map { pair in
            func text(_ sample: Int) -> [Message] {
                [Message(role: "assistant", content: samples[pair.position]!.first { $0.sample == sample }!.text)]
            }
            return TrainingSet.Preference(
                row: PreferenceRow(
                    prompt: prompts[pair.position].messages,
                    chosen: text(pair.chosenSample),
                    rejected: text(pair.rejectedSample)
                ),
                origin: .init(
                    round: number,
                    position: pair.position,
                    chosenSample: pair.chosenSample,
                    rejectedSample: pair.rejectedSample
                )
            )
        }
        guard rows.count >= max(settings.minimumPairs, 1) else {
            return StepResult(value: .skipped("\(rows.count) pairs; minimum_pairs is \(settings.minimumPairs)"))
        }
        let dataset = try campaign.lineage.files.write(dataset: JSONLines.encode(rows.map(\.row)))
        let seed = campaign.key(number, .dpo)
        return try await stage(.dpo, from: policy, dataset: dataset, kind: .dpo, rows: rows.map(\.origin), seed: seed) {
            policy,
            training in
            try await FineTuning.dpo(
                policy,
                rows,
                settings,
                seed: seed,
                threads: campaign.configuration.threads,
                training: training,
                progress: progress
            )
        }
    }

    // MARK: What both stages share

    /// Trains, stores the model, and writes what made it. Training that diverged costs the round its stage, not the campaign.
    private func stage(
        _ kind: DatasetRecord.Kind,
        from parent: String,
        dataset: String,
        kind modelKind: ModelRecord.Kind,
        rows: [TrainingSet.Origin],
        seed: UInt64,
        train: (Checkpoint, ResumableTraining) async throws -> (Checkpoint, FineTuning.Summary)
    ) async throws -> StepResult<StageModel> {
        let step: StepName = modelKind == .sft ? .sft : .dpo
        let training = campaign.checkpoints(key(step)).training(
            step.rawValue,
            identity: [parent, dataset, "\(seed)", "\(campaign.configuration.threads)"]
        )
        let trained: (Checkpoint, FineTuning.Summary)
        do {
            trained = try await train(campaign.lineage.files.load(model: parent), training)
        } catch let error as SelfImproveError where error.code == .failed {
            return StepResult(value: .skipped(error.message))
        }
        let (checkpoint, summary) = trained
        let digest = try campaign.lineage.files.store(checkpoint)
        let now = campaign.now()
        let set = DatasetRecord(
            digest: dataset,
            kind: kind,
            campaign: campaign.name,
            round: number,
            rows: rows.count,
            tokens: summary.tokens,
            createdAt: now
        )
        let model = ModelRecord(
            digest: digest,
            kind: modelKind,
            parent: parent,
            campaign: campaign.name,
            round: number,
            dataset: dataset,
            settings: try JSONText(summary),
            seed: Seed(seed),
            createdAt: now
        )
        let records = TrainingSet.records(rows, dataset: dataset, campaign: campaign.name)
        let column = modelKind == .sft ? "sft_model" : "dpo_model"
        return StepResult(value: .made(digest), tokens: summary.tokens) { [name = campaign.name, number] db in
            try set.insert(db)
            try model.insert(db)
            for record in records { try record.insert(db) }
            try db.execute(
                sql: "UPDATE rounds SET \(column) = ? WHERE campaign = ? AND round = ?",
                arguments: [digest, name, number]
            )
        }
    }
}

import Foundation
import LocalLM
import ModelFiles

/// The two stages that train: SFT on the mixture's answers, DPO on its judges' preferences.
extension Round {
    // MARK: SFT

    func fineTune(_ progress: StepProgress) async throws -> StepResult<StageOutcome> {
        let settings = campaign.configuration.sft
        let rows = try await ownRows(settings) + replayedRows(settings) + generalRows()
        guard rows.contains(where: { $0.origin.round == number }) else {
            let isEmpty = try await prompts().isEmpty
            return StepResult(
                value: .skipped(isEmpty ? "prompts used up" : "no answer of the mixture passed the filters")
            )
        }
        let job = TrainingJob(
            base: parent,
            dataset: try campaign.datasets.write(dataset: JSONLines.encode(rows.map(\.row))),
            method: .sft,
            settings.optimization,
            tuning: settings.tuning,
            storage: campaign.configuration.models.store.weights,
            epochs: settings.epochs,
            budget: settings.tokens,
            weights: .perRow(rows.map(\.weight)),
            seed: campaign.key(number, .sft),
            threads: campaign.configuration.threads
        )
        return try await run(.sft, job, rows: rows.map(\.origin), progress)
    }

    /// A row of the SFT set.
    private struct SupervisedRow {
        var row: SFTRow
        /// Expected number of appearances in one pass.
        var weight: Double
        var origin: RowOrigin

        /// - Parameter turns: what of the conversation is trained.
        init(_ taught: TaughtAnswer, _ turns: CampaignConfiguration.PromptTurns, weight: Double) {
            let prompt = taught.prompt.messages
            let completion = [Message(role: "assistant", content: taught.answer.answer.text)]
            row =
                switch turns {
                case .last: SFTRow(prompt: prompt, completion: completion)
                case .every: SFTRow(conversation: prompt + completion)
                }
            self.weight = weight
            origin = RowOrigin(round: taught.prompt.round, position: taught.prompt.position)
        }
    }

    /// What the mixture taught in this round: of each conversation its last answer, after those before it.
    private func ownRows(_ settings: CampaignConfiguration.SFT) async throws -> [SupervisedRow] {
        try await conversations().prefix(settings.maximumRows ?? .max).compactMap { turns in
            let weight = turns.contains(where: \.answer.hard) ? settings.hardWeight : settings.easyWeight
            guard weight > 0, let last = turns.last else { return nil }
            return SupervisedRow(last, campaign.configuration.prompts.turns, weight: weight)
        }
    }

    /// The conversations of this round in the order in which they were drawn, each as the turns whose answers were
    /// kept.
    func conversations() async throws -> [[TaughtAnswer]] {
        let prompts = try await prompts()
        var conversations: [[TaughtAnswer]] = [], places: [String: Int] = [:]
        for answer in try await campaign.history.answers(campaign.name, round: number) where answer.kept {
            let turn = TaughtAnswer(prompt: prompts[answer.position], answer: answer)
            if let place = places[turn.prompt.id] {
                conversations[place].append(turn)
            } else {
                places[turn.prompt.id] = conversations.count
                conversations.append([turn])
            }
        }
        return conversations
    }

    /// What it taught in earlier rounds: data accumulates, against forgetting and collapse (arXiv 2404.01413). Rounds
    /// that a rollback undid are left out; rejected ones are not, for their answers passed the same filters. Rows that
    /// carry what a peer wrote that was in quarantine when this round began are left out. Above the limit, each round
    /// draws a fresh sample.
    private func replayedRows(_ settings: CampaignConfiguration.SFT) async throws -> [SupervisedRow] {
        guard settings.replay > 0 else { return [] }
        let line = try await campaign.history.line(of: parent)
        let rounds = try await campaign.history.rounds(campaign.name)
        let quarantines = try rounds.first { $0.round == number }?.honoured() ?? []
        var rows: [SupervisedRow] = []
        for round in rounds where round.round < number {
            let belongs =
                round.outcome == .promoted ? line.contains(round.championAfter ?? "") : line.contains(round.parent)
            guard belongs, round.outcome != .abandoned else { continue }
            let tainted =
                quarantines.isEmpty
                ? [] : try await campaign.history.tainted(campaign.name, round: round.round, by: quarantines)
            rows += try await campaign.history.taught(campaign.name, round: round.round).filter {
                !tainted.contains($0.prompt.position)
            }.map { SupervisedRow($0, campaign.configuration.prompts.turns, weight: settings.replay) }
        }
        guard let limit = settings.maximumReplayedRows, rows.count > limit else { return rows }
        var random = RandomStream(key: RandomKey.derive(campaign.key(number, .sft), "replay"))
        var order = Array(rows.indices)
        random.shuffle(&order)
        return order.prefix(limit).sorted().map { rows[$0] }
    }

    /// What the initial model answers to general prompts: what it could do, the student keeps.
    private func generalRows() async throws -> [SupervisedRow] {
        guard let general = GeneralConversations(campaign, prepared) else { return [] }
        return try await general.rows(round: number).map {
            SupervisedRow($0, campaign.configuration.prompts.turns, weight: 1)
        }
    }

    // MARK: DPO

    /// Best against worst sample of every prompt that has both; the reference is the policy that sampled them, or the
    /// initial model.
    func optimisePreferences(of sft: StageOutcome, _ progress: StepProgress) async throws -> StepResult<StageOutcome> {
        let settings = campaign.configuration.dpo
        guard settings.enabled else { return StepResult(value: .skipped("DPO is off")) }
        guard let policy = sft.digest else { return StepResult(value: .skipped("there is no SFT model")) }
        let prompts = try await prompts()
        let samples = Dictionary(
            grouping: try await campaign.history.samples(campaign.name, round: number),
            by: \.position
        )
        let pairs = try await campaign.history.pairs(campaign.name, round: number)
        guard pairs.count >= max(settings.minimumPairs, 1) else {
            let judging = JudgingFigures(try await campaign.history.verdicts(campaign.name, round: number), of: [])
            let why = "\(pairs.count) pairs of \(judging.words); minimum_pairs is \(settings.minimumPairs)"
            return StepResult(value: .skipped(why))
        }
        let rows = pairs.map { pair in
            func text(_ sample: Int) -> [Message] {
                let record = samples[pair.position]!.first { $0.sample == sample }!
                return [Message(role: "assistant", content: record.answer.text)]
            }
            return PreferenceRow(
                prompt: prompts[pair.position].messages,
                chosen: text(pair.chosenSample),
                rejected: text(pair.rejectedSample)
            )
        }
        let origins = pairs.map {
            RowOrigin(
                round: number,
                position: $0.position,
                chosenSample: $0.chosenSample,
                rejectedSample: $0.rejectedSample
            )
        }
        let job = TrainingJob(
            base: policy,
            dataset: try campaign.datasets.write(dataset: JSONLines.encode(rows)),
            method: .dpo(beta: settings.beta, nllWeight: settings.nllWeight),
            reference: settings.reference == .initial ? prepared.initial : nil,
            settings.optimization,
            tuning: settings.tuning,
            storage: campaign.configuration.models.store.weights,
            epochs: settings.epochs,
            seed: campaign.key(number, .dpo),
            threads: campaign.configuration.threads
        )
        return try await run(.dpo, job, rows: origins, progress)
    }

    // MARK: What both stages share

    /// Trains, and writes what made the model. Training that diverged costs the round its stage, not the campaign.
    private func run(
        _ stage: Stage,
        _ job: TrainingJob,
        rows: [RowOrigin],
        _ progress: StepProgress
    ) async throws -> StepResult<StageOutcome> {
        let digest: String, report: TrainingReport
        switch try await campaign.workplace.train(job, for: key(stage.step), progress: progress) {
        case .failed(let reason): return StepResult(value: .skipped(reason))
        case .made(let model, let done): (digest, report) = (model, done)
        }
        let now = campaign.now()
        let set = DatasetRecord(
            digest: job.dataset,
            kind: .training(stage),
            campaign: campaign.name,
            round: number,
            rows: rows.count,
            tokens: report.tokens,
            createdAt: now
        )
        let model = ModelRecord(
            digest: digest,
            kind: .stage(stage),
            parent: job.base,
            campaign: campaign.name,
            round: number,
            dataset: job.dataset,
            settings: try JSONText(report),
            seed: Seed(job.seed),
            createdAt: now
        )
        let records: [any LineageRecord] =
            [set, model] + RowOrigin.records(rows, dataset: job.dataset, campaign: campaign.name)
        return StepResult(
            value: .made(digest),
            usage: Usage(trained: report.tokens),
            entries: records.map(LineageEntry.row) + [
                .stage(stage, model: digest, campaign: campaign.name, round: number)
            ]
        )
    }
}

import Foundation
import GRDB
import LocalLM
import ModelFiles

/// Stage 1 up to the answers: prompts, drafts, aggregation, filters.
extension Round {
    // MARK: Prompts

    /// Fresh instructions: none that an earlier round drew, and none of a held-out set.
    func drawPrompts(_ progress: StepProgress) async throws -> StepResult<Int> {
        let settings = campaign.configuration.prompts
        let seed = campaign.key(number, .prompts)
        let used = try campaign.lineage.usedPromptIDs(campaign.name, before: number)
        let heldOut = try campaign.evaluationSet(prepared, .gate).promptDigests
            .union(campaign.evaluationSet(prepared, .report).promptDigests)
        let rows: [PromptRow]
        if settings.source == "nursery" {
            rows = NurseryPrompts.fresh(count: settings.perRound, excluding: used, seed: seed)
        } else {
            rows = try Self.fresh(
                JSONLines.read(PromptRow.self, from: URL(fileURLWithPath: settings.source)),
                count: settings.perRound,
                excluding: used,
                heldOut: heldOut,
                seed: seed
            )
        }
        let records = rows.enumerated().map { position, row in
            PromptRecord(
                campaign: campaign.name,
                round: number,
                position: position,
                id: row.id ?? PromptDigest.of(row.prompt),
                task: row.task ?? "all",
                messages: row.prompt,
                sha256: PromptDigest.of(row.prompt)
            )
        }
        guard records.allSatisfy({ !heldOut.contains($0.sha256) }) else {
            throw SelfImproveError(
                .failed,
                "a prompt of round \(number) stands in a held-out set; nothing was trained on it"
            )
        }
        progress.report(done: records.count, total: records.count, unit: "prompts")
        return StepResult(value: records.count) { db in
            for record in records { try record.insert(db) }
        }
    }

    /// A seeded choice of a file's prompts. Answers that stand in the file are not read on.
    private static func fresh(
        _ rows: [PromptRow],
        count: Int,
        excluding used: Set<String>,
        heldOut: Set<String>,
        seed: UInt64
    ) -> [PromptRow] {
        var seen = used
        var candidates = rows.compactMap { row -> PromptRow? in
            let digest = PromptDigest.of(row.prompt)
            let id = row.id ?? digest
            guard !heldOut.contains(digest), seen.insert(id).inserted else { return nil }
            return PromptRow(id: id, task: row.task, prompt: row.prompt)
        }
        var random = RandomStream(key: seed)
        random.shuffle(&candidates)
        return Array(candidates.prefix(count))
    }

    // MARK: Drafts

    func propose(_ progress: StepProgress) async throws -> StepResult<Int> {
        let mixture = try await campaign.mixture(prepared, champion: parent)
        let prompts = try prompts
        let (layers, tokens) = try await mixture.propose(instructions(prompts), progress: progress)
        var records: [DraftRecord] = []
        for (layer, drafts) in layers.enumerated() {
            for (prompt, row) in zip(prompts, drafts) {
                for draft in row {
                    let proposer = mixture.proposers[draft.proposer]
                    records.append(
                        DraftRecord(
                            campaign: campaign.name,
                            round: number,
                            layer: layer + 1,
                            position: prompt.position,
                            proposerIndex: draft.proposer,
                            proposer: proposer.name,
                            model: proposer.model.digest,
                            text: draft.answer.text,
                            tokens: draft.answer.tokens,
                            logprob: draft.answer.logprob,
                            confidence: draft.confidence
                        )
                    )
                }
            }
        }
        return StepResult(value: records.count, tokens: tokens) { [records] db in
            for record in records { try record.insert(db) }
        }
    }

    private func instructions(_ prompts: [PromptRecord]) -> [Mixture.Instruction] {
        prompts.map { Mixture.Instruction(messages: $0.messages, key: key(.propose, $0)) }
    }

    // MARK: The mixture's answer

    func aggregate(_ progress: StepProgress) async throws -> StepResult<Int> {
        let mixture = try await campaign.mixture(prepared, champion: parent)
        let prompts = try prompts
        let lastLayer = campaign.configuration.mixture.layers - 1
        var drafts = [[Mixture.Draft]](repeating: [], count: prompts.count)
        for record in try campaign.lineage.drafts(campaign.name, round: number, layer: lastLayer) {
            drafts[record.position].append(
                Mixture.Draft(record, maximumTokens: campaign.configuration.mixture.maximumTokens)
            )
        }
        let answers = try await mixture.aggregate(instructions(prompts), drafts: drafts, progress: progress)

        let filter = AnswerFilter(campaign.configuration.mixture.filters)
        let own = try championsOwn()
        let (aggregator, aggregatorModel): (String?, String?) =
            if case .model(let name, let model) = mixture.aggregator { (name, model.digest) } else { (nil, nil) }
        let records = prompts.indices.map { i in
            let best = mixture.ordered(drafts[i])[0]
            let reason = filter.reason(answers[i], to: prompts[i].messages, mostConfident: best)
            return AnswerRecord(
                campaign: campaign.name,
                round: number,
                position: prompts[i].position,
                text: answers[i].text,
                confidence: best.confidence,
                kept: reason == nil,
                reason: reason?.rawValue,
                aggregator: aggregator,
                aggregatorModel: aggregatorModel,
                hard: own[prompts[i].position].map { $0 != answers[i].text } ?? true
            )
        }
        let tokens = aggregator == nil ? 0 : answers.reduce(0) { $0 + $1.tokens }
        return StepResult(value: records.count { $0.kept }, tokens: tokens) { db in
            for record in records { try record.insert(db) }
        }
    }

    /// What the champion drafted by itself, by position; nothing where it is no proposer.
    private func championsOwn() throws -> [Int: String] {
        let drafts = try campaign.lineage.drafts(campaign.name, round: number, layer: 1).filter {
            $0.proposer == "champion"
        }
        return Dictionary(drafts.map { ($0.position, $0.text) }, uniquingKeysWith: { first, _ in first })
    }
}

extension Mixture.Draft {
    /// A draft as the lineage has it. One that used up the limit counts as cut off.
    init(_ record: DraftRecord, maximumTokens: Int) {
        self.init(
            proposer: record.proposerIndex,
            answer: ChatAnswer(
                text: record.text,
                tokens: record.tokens,
                logprob: record.logprob,
                finishReason: record.tokens >= maximumTokens ? .length : .stop
            ),
            confidence: record.confidence
        )
    }
}

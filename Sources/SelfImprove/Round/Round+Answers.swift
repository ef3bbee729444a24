import LocalLM
import ModelFiles

/// Stage 1 up to the answers: drafts, aggregation, filters.
extension Round {
    // MARK: Drafts

    func propose(_ turn: Int, _ progress: StepProgress) async throws -> StepResult<Int> {
        let prompts = try await prompts().filter { $0.turn == turn }
        if turn > 1, prompts.isEmpty { return StepResult(value: 0) }
        let mixture = try await campaign.builder(prepared, progress).mixture(champion: parent)
        let (layers, usage) = try await mixture.propose(instructions(prompts), progress: progress)
        var records: [DraftRecord] = []
        for (layer, drafts) in zip(1..., layers) {
            for (prompt, row) in zip(prompts, drafts) {
                for draft in row {
                    let proposer = mixture.proposers[draft.proposer]
                    records.append(
                        DraftRecord(
                            campaign: campaign.name,
                            round: number,
                            layer: layer,
                            position: prompt.position,
                            proposerIndex: draft.proposer,
                            sample: draft.sample,
                            proposer: proposer.name,
                            role: proposer.role,
                            model: proposer.model.identity.description,
                            answer: draft.answer,
                            confidence: draft.confidence
                        )
                    )
                }
            }
        }
        return StepResult(value: records.count, usage: usage, rows: records)
    }

    private func instructions(_ prompts: [PromptRecord]) -> [Instruction] {
        prompts.map { Instruction(messages: $0.messages, task: $0.task, key: key(.propose, $0)) }
    }

    // MARK: The mixture's answer

    /// Answers of one turn, and the next turns of the conversations whose answers were kept.
    func aggregate(_ turn: Int, _ progress: StepProgress) async throws -> StepResult<Int> {
        let all = try await self.prompts(), prompts = all.filter { $0.turn == turn }
        if turn > 1, prompts.isEmpty { return StepResult(value: 0) }
        let mixture = try await campaign.builder(prepared, progress).mixture(champion: parent)
        let places = Dictionary(uniqueKeysWithValues: zip(prompts.map(\.position), prompts.indices))
        var drafts = [[Draft]](repeating: [], count: prompts.count)
        for record in try await campaign.history.drafts(campaign.name, round: number, layer: mixture.layers - 1) {
            guard let place = places[record.position] else { continue }
            drafts[place].append(
                Draft(
                    proposer: record.proposerIndex,
                    sample: record.sample,
                    answer: record.answer,
                    confidence: record.confidence
                )
            )
        }
        let instructions = instructions(prompts), ranked = mixture.ranked(instructions, drafts)
        let aggregation = try await mixture.aggregate(instructions, drafts: drafts, progress: progress)
        let answers = aggregation.answers

        let own = try await championsOwn()
        let aggregator: Proposer? = if case .participant(let proposer) = mixture.aggregator { proposer } else { nil }
        let isShown = aggregator != nil || mixture.layers > 2
        let filter = AnswerFilter(campaign.configuration.mixture.filters, shown: isShown ? mixture.prompt : nil)
        let records = prompts.indices.map { i in
            let best = ranked[i].first, extraction = mixture.comparison[prompts[i].task]
            let answer = answers[i] ?? .none
            let share = Vote.share(of: answer.text, among: drafts[i], extraction)
            var reason: AnswerFilter.Reason? = .unanswered
            if mixture.settings.minimumDrafts > 1, drafts[i].count < mixture.settings.minimumDrafts {
                reason = .quorum
            } else if answers[i] != nil, let best {
                reason = filter.reason(
                    answer,
                    to: prompts[i].messages,
                    best: best,
                    share: share,
                    extraction
                )
            }
            return AnswerRecord(
                campaign: campaign.name,
                round: number,
                position: prompts[i].position,
                answer: answer,
                confidence: best?.confidence,
                kept: reason == nil,
                reason: reason?.rawValue,
                aggregator: aggregator?.name,
                aggregatorModel: aggregator?.model.identity.description,
                hard: own[prompts[i].position].map { !extraction.agree($0, answer.text) } ?? true,
                share: share,
                aggregationPrompt: aggregator == nil ? nil : mixture.prompt.digest,
                shownShare: aggregation.shares[i] < 1 ? aggregation.shares[i] : nil
            )
        }
        return StepResult(
            value: records.count { $0.kept },
            usage: aggregation.usage,
            rows: records as [any LineageRecord] + (try nextTurns(of: prompts, records, from: all.count))
        )
    }

    /// - Parameter position: of the first one.
    private func nextTurns(of prompts: [PromptRecord], _ answers: [AnswerRecord], from position: Int) throws
        -> [PromptRecord]
    {
        guard prompts.contains(where: { $0.following != nil }) else { return [] }
        let heldOut = try prepared.heldOutDigests(campaign.datasets)
        var next: [PromptRecord] = []
        for (prompt, answer) in zip(prompts, answers) where answer.kept {
            let turn = ConversationTurns.next(after: prompt, answered: answer.answer.text, at: position + next.count)
            if let turn, !heldOut.contains(turn.sha256) { next.append(turn) }
        }
        return next
    }

    /// What the champion drafted by itself, by position; nothing where it is no proposer. With a context of examples it
    /// is not by itself: the student is taught to do without.
    private func championsOwn() async throws -> [Int: String] {
        let proposers = campaign.configuration.mixture.proposers
        let drafts = try await campaign.history.drafts(campaign.name, round: number, layer: 1).filter {
            $0.role == .champion && proposers[$0.proposerIndex].context.isEmpty
        }
        return Dictionary(drafts.map { ($0.position, $0.answer.text) }, uniquingKeysWith: { first, _ in first })
    }
}

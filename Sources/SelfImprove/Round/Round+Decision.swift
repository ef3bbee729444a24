/// Evaluation on held-out prompts, and the gate.
extension Round {
    /// The stages' models on both sets. Also evaluates the mixture, once per champion.
    func evaluate(_ stages: [Stage: StageOutcome], _ progress: StepProgress) async throws -> StepResult<Int> {
        let evaluation = try Evaluation(campaign, prepared)
        let made = Stage.allCases.compactMap { stage in
            stages[stage]?.digest.map { (name: "r\(number)-\(stage.rawValue)", digest: $0) }
        }
        let earlier = try await campaign.history.rounds(campaign.name).contains {
            $0.round < number && $0.parent == parent
        }
        let isMixtureNew = !made.isEmpty && parent != prepared.initial && !earlier
        let general = GeneralConversations(campaign, prepared)
        let calls = evaluation.prompts(HeldOutSet.allCases) + 2 * (general?.calls ?? 0)
        let meter = CallMeter(
            total: made.count * calls + (isMixtureNew ? evaluation.mixtureCalls : 0),
            unit: "answers",
            progress
        )
        var entries: [LineageEntry] = []
        var usage = Usage()
        for (name, digest) in made {
            meter.loading(name)
            let model = try await campaign.models.chatModel(digest, name: name)
            for set in HeldOutSet.allCases {
                entries.append(
                    try await evaluation.model(model, on: set, round: number, as: .model, name: name, meter, &usage)
                )
            }
            if let general {
                entries += try await general.measure(digest, named: name, round: number, meter, &usage)
            }
        }
        if isMixtureNew {
            entries += try await evaluation.mixture(champion: parent, round: number, meter, &usage)
        }
        return StepResult(value: entries.count, usage: usage, entries: entries)
    }

    /// The better of the two stages on the gate set challenges the champion. The report set is not read.
    func decide(sft: StageOutcome, dpo: StageOutcome) async throws -> StepResult<RoundOutcome> {
        var candidates: [(digest: String, marks: [Gate.Mark])] = []
        for digest in [sft, dpo].compactMap(\.digest) { candidates.append((digest, try await gateMarks(digest))) }
        guard var challenger = candidates.first else {
            return abandoned("nothing to evaluate: \(sft.skipped ?? "no model was made")")
        }
        for candidate in candidates.dropFirst() where total(candidate.marks) > total(challenger.marks) {
            challenger = candidate
        }
        let gate = Gate(campaign.configuration.gate, seed: campaign.key(number, .decide))
        let ruling = gate.rule(
            challenger: challenger.marks,
            champion: try await gateMarks(parent),
            candidates: candidates.count
        )
        let stage: Stage = challenger.digest == sft.digest ? .sft : .dpo
        let other = sft.digest != nil ? dpo.skipped.map { "; no DPO: \($0)" } ?? "" : ""
        let reason = "\(stage.words) model \(ruling.reason)\(other)"
        let isPromoted = ruling.outcome == .promoted
        let data = try JSONText(ruling), now = campaign.now()
        let end = RoundEnd(
            campaign: campaign.name,
            round: number,
            challenger: challenger.digest,
            outcome: ruling.outcome,
            reason: reason,
            champion: isPromoted ? challenger.digest : parent,
            figures: try await figures(challenger: challenger.digest, gain: ruling.difference.value),
            at: now
        )
        let news: LineageEntry =
            isPromoted
            ? .champion(
                ChampionMove(
                    campaign: campaign.name,
                    model: challenger.digest,
                    round: number,
                    cause: .promoted,
                    message: "round \(number): \(reason)",
                    data: data,
                    at: now
                )
            )
            : kept("round \(number) \(ruling.outcome.rawValue): \(reason)", data)
        return StepResult(value: ruling.outcome, entries: [.roundEnd(end), news])
    }

    private func abandoned(_ reason: String) -> StepResult<RoundOutcome> {
        let end = RoundEnd(
            campaign: campaign.name,
            round: number,
            outcome: .abandoned,
            reason: reason,
            champion: parent,
            at: campaign.now()
        )
        return StepResult(value: .abandoned, entries: [.roundEnd(end), kept("round \(number) abandoned: \(reason)")])
    }

    /// The event of a round that leaves the champion where it is.
    private func kept(_ message: String, _ data: JSONText? = nil) -> LineageEntry {
        .row(
            EventRecord(
                campaign: campaign.name,
                round: number,
                kind: .kept,
                message: message,
                data: data,
                at: campaign.now()
            )
        )
    }

    private func total(_ marks: [Gate.Mark]) -> Double { marks.reduce(0) { $0 + $1.value } }

    /// What a model answered to the gate set, when it was evaluated on it.
    private func gateMarks(_ digest: String) async throws -> [Gate.Mark] {
        let evaluation = try await campaign.history.evaluation(of: digest, on: .gate, campaign: campaign.name)
        guard let evaluation, let id = evaluation.id else {
            throw SelfImproveError(
                .damaged,
                "the model \(digest.prefix(12)) has no evaluation on the gate set",
                hint: "selfimprove doctor looks for damage"
            )
        }
        return try await campaign.history.evaluationAnswers(id).map { $0.mark(by: evaluation.marks) }
    }
}

import Foundation
import GRDB

/// Evaluation on held-out prompts, and the gate.
extension Round {
    /// Both stages on both sets; and what this round's mixture was able to, where it was not evaluated with this champion before.
    func evaluate(_ stages: [StageModel], _ progress: StepProgress) async throws -> StepResult<Int> {
        let evaluation = try Evaluation(campaign, prepared)
        let made = zip(["sft", "dpo"], stages).compactMap { name, stage in
            stage.digest.map { (name: "r\(number)-\(name)", digest: $0) }
        }
        let sizes = campaign.configuration.evaluation
        let meter = CallMeter(total: made.count * (sizes.gatePrompts + sizes.reportPrompts), unit: "answers", progress)
        var records: [Evaluation.Records] = []
        var tokens = 0
        for (name, digest) in made {
            for set in [EvaluationRecord.Set.gate, .report] {
                records.append(
                    try await evaluation.model(
                        digest,
                        on: set,
                        round: number,
                        subject: .model,
                        name: name,
                        meter.call("\(name), \(set.rawValue)"),
                        &tokens
                    )
                )
            }
        }
        let earlier = try campaign.lineage.rounds(campaign.name).filter { $0.round < number && $0.parent == parent }
        if !made.isEmpty, parent != prepared.initial, earlier.isEmpty {
            records += try await evaluation.mixture(champion: parent, round: number, &tokens)
        }
        return StepResult(value: records.count, tokens: tokens) { [records] db in
            for (record, answers) in records { try record.insert(db, answers: answers) }
        }
    }

    /// The better of the two stages on the gate set challenges the champion. The report set is not read.
    func decide(sft: StageModel, dpo: StageModel) throws -> StepResult<RoundRecord.Outcome> {
        let candidates = try [sft, dpo].compactMap { stage in
            try stage.digest.map { (digest: $0, marks: try gateMarks($0)) }
        }
        guard var challenger = candidates.first else {
            return abandoned("nothing to evaluate: \(sft.skipped ?? "no model was made")")
        }
        for candidate in candidates.dropFirst() where correct(candidate.marks) > correct(challenger.marks) {
            challenger = candidate
        }
        let gate = Gate(campaign.configuration.gate, seed: campaign.key(number, .decide))
        let ruling = gate.rule(
            challenger: challenger.marks,
            champion: try gateMarks(parent),
            candidates: candidates.count
        )
        let stage = challenger.digest == sft.digest ? "SFT" : "DPO"
        let other = sft.digest != nil && dpo.skipped != nil ? "; no DPO: \(dpo.skipped!)" : ""
        let reason = "\(stage) model \(ruling.reason)\(other)"
        let champion = ruling.outcome == .promoted ? challenger.digest : parent
        let data = try JSONText(ruling),
            figures = try figures(challenger: challenger.digest, gain: ruling.difference.value)
        let now = campaign.now()
        return StepResult(value: ruling.outcome) { [name = campaign.name, number, digest = challenger.digest] db in
            try close(
                db,
                challenger: digest,
                outcome: ruling.outcome,
                reason: reason,
                champion: champion,
                figures: figures,
                at: now
            )
            if ruling.outcome == .promoted {
                try CampaignRecord.setChampion(
                    champion,
                    of: name,
                    round: number,
                    kind: .promoted,
                    message: "round \(number): \(reason)",
                    data: data,
                    at: now,
                    db
                )
            } else {
                try EventRecord(
                    campaign: name,
                    round: number,
                    kind: .kept,
                    message: "round \(number) \(ruling.outcome.rawValue): \(reason)",
                    data: data,
                    at: now
                ).insert(db)
            }
        }
    }

    private func abandoned(_ reason: String) -> StepResult<RoundRecord.Outcome> {
        let now = campaign.now()
        return StepResult(value: .abandoned) { [name = campaign.name, number, parent] db in
            try close(db, challenger: nil, outcome: .abandoned, reason: reason, champion: parent, figures: nil, at: now)
            try EventRecord(
                campaign: name,
                round: number,
                kind: .kept,
                message: "round \(number) abandoned: \(reason)",
                at: now
            ).insert(db)
        }
    }

    private func close(
        _ db: Database,
        challenger: String?,
        outcome: RoundRecord.Outcome,
        reason: String,
        champion: String,
        figures: JSONText?,
        at: Date
    ) throws {
        guard
            var record = try RoundRecord.filter(Column("campaign") == campaign.name && Column("round") == number)
                .fetchOne(db)
        else {
            throw SelfImproveError(
                .damaged,
                "round \(number) of \(campaign.name) is not in the lineage",
                hint: "selfimprove doctor looks for damage"
            )
        }
        record.challenger = challenger
        record.outcome = outcome
        record.reason = reason
        record.championAfter = champion
        record.figures = figures
        record.endedAt = at
        try record.update(db)
    }

    private func correct(_ marks: [Gate.Mark]) -> Int { marks.count { $0.correct } }

    /// What a model answered to the gate set, when it was evaluated on it.
    private func gateMarks(_ digest: String) throws -> [Gate.Mark] {
        let lineage = campaign.lineage
        guard let id = try lineage.evaluation(of: digest, on: .gate, campaign: campaign.name)?.id else {
            throw SelfImproveError(
                .damaged,
                "the model \(digest.prefix(12)) has no evaluation on the gate set",
                hint: "selfimprove doctor looks for damage"
            )
        }
        return try lineage.evaluationAnswers(id).map {
            Gate.Mark(id: $0.promptId, slice: $0.slice, correct: $0.correct)
        }
    }
}

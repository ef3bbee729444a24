import ModelFiles

/// What a round asks.
extension Round {
    /// Fresh instructions: none that an earlier round drew, none of a held-out set, and none that a proposer's example
    /// answers.
    func drawPrompts(_ progress: StepProgress) async throws -> StepResult<Int> {
        let settings = campaign.configuration.prompts, heldOut = try prepared.heldOutDigests(campaign.datasets)
        let drawing = try await drawing()
        let (rows, report) = try drawing.draw(settings.perRound, seed: campaign.key(number, .prompts))
        let wantsConstraints = campaign.configuration.judges.contains { $0.kind == .constraint }
        let records = try rows.enumerated().map { position, row in
            let turns = settings.turns == .every ? ConversationTurns(row.prompt).turns : [row.prompt]
            return PromptRecord(
                campaign: campaign.name,
                round: number,
                position: position,
                id: row.id ?? PromptDigest.of(row.prompt),
                task: row.task ?? PromptRow.defaultTask,
                messages: turns[0],
                sha256: PromptDigest.of(turns[0]),
                constraints: wantsConstraints && !row.provenance.isEmpty
                    ? try JSONText(JSONValue.object(row.provenance)) : nil,
                following: turns.count > 1 ? Array(turns.dropFirst()) : nil
            )
        }
        guard records.allSatisfy({ !heldOut.contains($0.sha256) }) else {
            throw SelfImproveError(
                .failed,
                "a prompt of round \(number) is also in a held-out set; nothing was trained on it"
            )
        }
        progress.report(done: records.count, total: records.count, unit: "prompts")
        var entries = records.map(LineageEntry.row)
        if drawing.isTold {
            let event = EventRecord(
                campaign: campaign.name,
                round: number,
                kind: .drawn,
                message: "round \(number): \(report.words)",
                data: try JSONText(report),
                at: campaign.now()
            )
            entries.append(.row(event))
        }
        return StepResult(value: records.count, entries: entries)
    }

    private func drawing() async throws -> PromptDrawing {
        let history = campaign.history, name = campaign.name, settings = campaign.configuration.prompts
        var general: [[Message]] = []
        if settings.decontaminate != nil, campaign.configuration.sft.general != nil {
            general = GeneralConversations.heldOutPrompts(
                try await history.prompts(name, round: 0),
                try await history.answers(name, round: 0)
            )
        }
        var drawing = try PromptDrawing(
            campaign.configuration,
            used: try await history.usedPromptIDs(name, before: number),
            heldOut: prepared.heldOutSets(campaign.datasets),
            general: general
        )
        if settings.nearDuplicates != nil {
            for earlier in 1..<number { drawing.keep(try await history.prompts(name, round: earlier)) }
        }
        if settings.weightBy == .headroom, number > 1 {
            var weights = PromptWeights()
            for earlier in (1..<number).reversed() {
                weights.add(
                    try await history.prompts(name, round: earlier),
                    try await history.answers(name, round: earlier)
                )
            }
            drawing.weights = weights
        }
        return drawing
    }
}

import ModelFiles

/// What a round asks.
extension Round {
    /// Fresh instructions: none that an earlier round drew, none of a held-out set, and none that a proposer's example
    /// answers.
    func drawPrompts(_ progress: StepProgress) async throws -> StepResult<Int> {
        let settings = campaign.configuration.prompts, heldOut = try prepared.heldOutDigests(campaign.datasets)
        let drawing = try await drawing()
        var session = try DrawingSession(drawing, count: settings.perRound, seed: campaign.key(number, .prompts))
        let usage = try await write(into: &session, progress)
        session.fill()
        let (rows, report) = session.result()
        let wantsConstraints = campaign.configuration.judges.contains { $0.kind == .constraint }
        let records = try rows.enumerated().map { position, drawn in
            let row = drawn.row, stated = JSONValue.object(row.provenance)
            let turns = settings.turns == .every ? ConversationTurns(row.prompt).turns : [row.prompt]
            return PromptRecord(
                campaign: campaign.name,
                round: number,
                position: position,
                id: row.id ?? PromptDigest.of(row.prompt),
                task: row.task ?? PromptRow.defaultTask,
                messages: turns[0],
                sha256: PromptDigest.of(turns[0]),
                constraints: wantsConstraints && !row.provenance.isEmpty ? try JSONText(stated) : nil,
                following: turns.count > 1 ? Array(turns.dropFirst()) : nil,
                origin: drawn.origin
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
        return StepResult(value: records.count, usage: usage, entries: entries)
    }

    /// What models write, one after another: each is compared with what those before it wrote.
    private func write(into session: inout DrawingSession, _ progress: StepProgress) async throws -> Usage {
        let writers = campaign.configuration.prompts.shares.enumerated().compactMap { place, share in
            share.writer.map { (place: place, writer: $0) }
        }
        if writers.isEmpty { return Usage() }
        let wanted = writers.reduce(0) { $0 + session.wanted(of: $1.place) }
        let meter = CallMeter(total: wanted, unit: "prompts", progress)
        var usage = Usage()
        for (place, writer) in writers {
            let model = try await campaign.builder(prepared, meter.part()).model(
                writer.model,
                champion: parent,
                as: writer.name
            )
            let writing = PromptWriting(
                writer: writer,
                model: model,
                key: campaign.key(number, .prompts),
                refusals: campaign.configuration.mixture.filters.refusals
            )
            usage += try await writing.write(into: &session, share: place, meter)
        }
        return usage
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

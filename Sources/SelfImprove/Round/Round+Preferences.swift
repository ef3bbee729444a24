import LocalLM

/// Stage 2 up to the pairs: the fine-tuned policy's samples, and the judges' ranking of them.
extension Round {
    // MARK: Samples

    func sample(from sft: StageOutcome, _ progress: StepProgress) async throws -> StepResult<Int> {
        let settings = campaign.configuration.dpo
        guard settings.enabled, let policy = sft.digest else { return StepResult(value: 0) }
        let prompts = try await prompts()
        let chosen = try await promptsForPairs().prefix(settings.prompts).map { prompts[$0] }
        let sampling = Sampling(
            temperature: settings.temperature,
            maximumTokens: campaign.configuration.mixture.maximumTokens
        )
        let requests = chosen.map {
            ChatRequest(
                messages: $0.messages,
                samples: settings.samples,
                sampling: sampling,
                key: key(.sample, $0)
            )
        }
        let meter = CallMeter(total: requests.count * settings.samples, unit: "samples", progress)
        meter.loading("policy")
        let model = try await campaign.models.chatModel(policy, name: "policy")
        let results = try await model.answer(requests, progress: meter.call("policy")).answered()
        let records = zip(chosen, results).flatMap { prompt, answers in
            (answers ?? []).enumerated().map { index, answer in
                SampleRecord(
                    campaign: campaign.name,
                    round: number,
                    position: prompt.position,
                    sample: index,
                    answer: answer
                )
            }
        }
        let usage = Usage(generated: records.reduce(0) { $0 + $1.answer.tokens })
        return StepResult(value: records.count, usage: usage, rows: records)
    }

    /// Positions of kept prompts, each turn of a conversation one: first those that SFT was not trained on, where
    /// samples still differ, then the others.
    private func promptsForPairs() async throws -> [Int] {
        let conversations = try await conversations()
        let trained = min(campaign.configuration.sft.maximumRows ?? .max, conversations.count)
        return (conversations[trained...] + conversations[..<trained]).joined().map(\.prompt.position)
    }

    // MARK: Judges

    func judge(_ progress: StepProgress) async throws -> StepResult<Int> {
        let samples = Dictionary(
            grouping: try await campaign.history.samples(campaign.name, round: number),
            by: \.position
        ).sorted { $0.key < $1.key }
        guard !samples.isEmpty else { return StepResult(value: 0) }
        let prompts = try await prompts()
        let answers = Dictionary(
            uniqueKeysWithValues: try await campaign.history.answers(campaign.name, round: number).map {
                ($0.position, $0.answer.text)
            }
        )
        let candidates = try samples.map { position, samples in
            MixtureOfJudges.Candidates(
                messages: prompts[position].messages,
                task: prompts[position].task,
                samples: samples.sorted { $0.sample < $1.sample }.map(\.answer),
                mixture: answers[position] ?? "",
                constraints: try prompts[position].stated,
                key: key(.judge, prompts[position])
            )
        }
        let judges = try await campaign.builder(prepared, progress).judges()
        let positions = samples.map(\.key)
        let verdicts = try RowSpool(of: VerdictRecord.self)
        var pairs: [PairRecord] = []
        let usage = try await judges.rank(candidates, progress: progress) { index, ranking in
            try verdicts.append(ranking.decisions.map { try record($0, at: positions[index]) })
            if let pair = ranking.pair { pairs.append(record(pair, at: positions[index])) }
        }
        return StepResult(value: pairs.count, usage: usage, entries: [.spooled(verdicts)] + pairs.map(LineageEntry.row))
    }

    private func record(_ decision: MixtureOfJudges.Decision, at position: Int) throws -> VerdictRecord {
        VerdictRecord(
            campaign: campaign.name,
            round: number,
            position: position,
            judge: decision.judge,
            first: decision.first,
            second: decision.second,
            verdict: decision.verdict,
            swappedVerdict: decision.swapped,
            reasoning: try decision.judgement.reasoning.map { try JSONText($0) },
            swappedReasoning: try decision.swappedJudgement.reasoning.map { try JSONText($0) }
        )
    }

    private func record(_ pair: MixtureOfJudges.Pair, at position: Int) -> PairRecord {
        PairRecord(
            campaign: campaign.name,
            round: number,
            position: position,
            chosenSample: pair.chosen,
            rejectedSample: pair.rejected,
            chosenScore: pair.chosenScore,
            rejectedScore: pair.rejectedScore
        )
    }
}

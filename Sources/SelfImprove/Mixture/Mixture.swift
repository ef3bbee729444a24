import LocalLM
import ModelFiles

/// A mixture of agents (arXiv 2406.04692): in every layer but the last all proposers answer, from the second one on
/// seeing the answers of the layer before; in the last layer one aggregator synthesizes what it sees into one answer.
///
/// We deviate from the papers in two points. Candidates are shown best first, by a confidence that is measured, not by
/// the order in which proposers are listed; and the aggregator may be a rule (the most confident candidate, or a vote),
/// which is what the aggregator model is measured against.
///
///     let drafts = try await mixture.propose(instructions, progress: progress)
///     let answers = try await mixture.aggregate(instructions, drafts: drafts.layers.last!, progress: progress)
public struct Mixture: Sendable {
    public enum Aggregator: Sendable {
        case participant(Proposer)
        case rule(AggregationRule)
    }

    public var proposers: [Proposer]
    public var aggregator: Aggregator
    public var prompt: AggregationPrompt
    /// At least two: proposers, then the aggregator.
    public var layers: Int
    public var confidence: Confidence
    /// Score drafts for `.peers`; never the champion.
    public var scorers: [any LikelihoodModel]
    /// What the rules and the filters go by.
    public var comparison: AnswerComparison

    public init(
        proposers: [Proposer],
        aggregator: Aggregator,
        prompt: AggregationPrompt,
        layers: Int = 2,
        confidence: Confidence,
        scorers: [any LikelihoodModel] = [],
        comparison: AnswerComparison = .whole
    ) {
        precondition(layers >= 2 && !proposers.isEmpty, "\(layers) layers of \(proposers.count) proposers")
        self.proposers = proposers
        self.aggregator = aggregator
        self.prompt = prompt
        self.layers = layers
        self.confidence = confidence
        self.scorers = scorers
        self.comparison = comparison
    }

    // MARK: Proposing

    /// Drafts of every layer but the last.
    /// - Returns: by layer and instruction, in the order of the proposers and of their samples; none of a proposer that
    ///   an instruction is too long for.
    /// - Throws: what a model throws, and failures of requests that are not theirs alone (`answered`).
    public func propose(_ instructions: [Instruction], progress: StepProgress = StepProgress()) async throws -> (
        layers: [[[Draft]]], usage: Usage
    ) {
        var result: [[[Draft]]] = []
        var usage = Usage()
        let drafted = instructions.count * proposers.reduce(0) { $0 + $1.samples }
        let scored = confidence == .peers ? drafted * scorers.count : 0
        let meter = CallMeter(total: (drafted + scored) * (layers - 1), unit: "drafts", progress)
        for layer in 1..<layers {
            var drafts = [[Draft]](repeating: [], count: instructions.count)
            for (index, proposer) in proposers.enumerated() {
                // The same model twice in one layer is two independent samples.
                let requests = instructions.indices.map { i in
                    proposer.request(
                        conversation(instructions[i], for: proposer, candidates: result.last?[i]),
                        key: RandomKey.derive(RandomKey.derive(instructions[i].key, UInt64(layer)), UInt64(index))
                    )
                }
                let results = try await proposer.model.answer(requests, progress: meter.call(proposer.name))
                for (i, answers) in try results.answered().enumerated() {
                    for (sample, answer) in (answers ?? []).enumerated() {
                        usage.generated += answer.tokens
                        drafts[i].append(Draft(proposer: index, sample: sample, answer: answer, confidence: nil))
                    }
                }
            }
            usage += try await measureConfidence(of: &drafts, instructions, meter)
            result.append(drafts)
        }
        return (result, usage)
    }

    /// What a participant reads: its context, the conversation, and from the second layer on the candidates.
    private func conversation(_ instruction: Instruction, for reader: Proposer, candidates: [Draft]?) -> [Message] {
        let messages = reader.context.applied(to: instruction.messages, task: instruction.task)
        return candidates.map { prompt.messages(messages, candidates: ordered($0).map(\.answer.text)) } ?? messages
    }

    /// Fills in what orders the drafts.
    private func measureConfidence(
        of drafts: inout [[Draft]],
        _ instructions: [Instruction],
        _ meter: CallMeter
    ) async throws -> Usage {
        switch confidence {
        case .none: return Usage()
        case .own:
            for i in drafts.indices {
                for k in drafts[i].indices where proposers[drafts[i][k].proposer].role != .champion {
                    drafts[i][k].confidence = drafts[i][k].answer.meanLogprob
                }
            }
            return Usage()
        case .peers:
            // A text that several proposers wrote is scored once.
            var texts: [(instruction: Int, text: String)] = []
            for i in drafts.indices {
                var seen = Set<String>()
                for draft in drafts[i] where seen.insert(draft.answer.text).inserted {
                    texts.append((i, draft.answer.text))
                }
            }
            let questions = texts.map { (messages: instructions[$0.instruction].messages, answer: $0.text) }
            var best = [Double](repeating: -.infinity, count: texts.count)
            var usage = Usage()
            for scorer in scorers {
                let likelihoods = try await scorer.likelihood(
                    of: questions,
                    progress: meter.call("scored by \(scorer.name)")
                )
                for (index, likelihood) in likelihoods.enumerated() {
                    best[index] = max(best[index], likelihood.mean)
                    usage.scored += likelihood.tokens
                }
            }
            var table = [[String: Double]](repeating: [:], count: drafts.count)
            for (index, entry) in texts.enumerated() where best[index].isFinite {
                table[entry.instruction][entry.text] = best[index]
            }
            for i in drafts.indices {
                for k in drafts[i].indices { drafts[i][k].confidence = table[i][drafts[i][k].answer.text] }
            }
            return usage
        }
    }

    /// Best first: by confidence, those without one last, equals in the order of the proposers.
    public func ordered(_ drafts: [Draft]) -> [Draft] {
        guard confidence != .none else { return drafts }
        return drafts.enumerated().sorted { a, b in
            let x = a.element.confidence ?? -.infinity, y = b.element.confidence ?? -.infinity
            return x != y ? x > y : a.offset < b.offset
        }.map(\.element)
    }

    // MARK: Aggregating

    /// The mixture's answer to every instruction, from the drafts of the last layer but one; nil where there are none,
    /// or where they are too much for the aggregator.
    /// - Throws: what the aggregator throws, and failures of requests that are not theirs alone (`answered`).
    public func aggregate(
        _ instructions: [Instruction],
        drafts: [[Draft]],
        progress: StepProgress = StepProgress()
    ) async throws -> (answers: [Answer?], usage: Usage) {
        precondition(
            instructions.count == drafts.count,
            "\(drafts.count) rows of drafts for \(instructions.count) instructions"
        )
        switch aggregator {
        case .rule(let rule): return (answers(to: instructions, of: drafts, by: rule), Usage())
        case .participant(let aggregator):
            let drafted = instructions.indices.filter { !drafts[$0].isEmpty }
            let requests = drafted.map { i in
                aggregator.request(
                    conversation(instructions[i], for: aggregator, candidates: drafts[i]),
                    key: RandomKey.derive(instructions[i].key, "aggregate")
                )
            }
            let meter = CallMeter(total: requests.count, unit: "answers", progress)
            let results = try await aggregator.model.answer(requests, progress: meter.call(aggregator.name)).answered()
            var answers = [Answer?](repeating: nil, count: instructions.count)
            for (i, result) in zip(drafted, results) { answers[i] = result?[0] }
            return (answers, Usage(generated: answers.reduce(0) { $0 + ($1?.tokens ?? 0) }))
        }
    }

    /// What a rule makes of the drafts of each instruction; nil of none. Where none says anything, a vote leaves the
    /// first of them.
    func answers(to instructions: [Instruction], of drafts: [[Draft]], by rule: AggregationRule) -> [Answer?] {
        zip(instructions, ranked(instructions, drafts, by: rule)).map { instruction, ranked in
            rule == .plurality
                ? Vote(ranked, comparison[instruction.task]).answer ?? ranked.first?.answer : ranked.first?.answer
        }
    }

    /// The drafts of each instruction, best first, as the mixture's own rule sees them, else as an aggregator is shown
    /// them.
    func ranked(_ instructions: [Instruction], _ drafts: [[Draft]]) -> [[Draft]] {
        guard case .rule(let rule) = aggregator else { return drafts.map(ordered) }
        return ranked(instructions, drafts, by: rule)
    }

    private func ranked(_ instructions: [Instruction], _ drafts: [[Draft]], by rule: AggregationRule) -> [[Draft]] {
        guard rule == .surestOfTask, confidence != .none else { return drafts.map(ordered) }
        struct Member: Hashable { let task: String?, proposer: Int }
        var sums: [Member: (confidence: Double, count: Int)] = [:]
        for (instruction, row) in zip(instructions, drafts) {
            for draft in row {
                guard let confidence = draft.confidence else { continue }
                let member = Member(task: instruction.task, proposer: draft.proposer)
                let sum = sums[member] ?? (0, 0)
                sums[member] = (sum.confidence + confidence, sum.count + 1)
            }
        }
        return zip(instructions, drafts).map { instruction, row in
            func mean(_ draft: Draft) -> Double {
                sums[Member(task: instruction.task, proposer: draft.proposer)].map { $0.confidence / Double($0.count) }
                    ?? -.infinity
            }
            // Of one member's drafts, and of members that are equally sure, the more confident comes first.
            return ordered(row).enumerated().sorted { a, b in
                let x = mean(a.element), y = mean(b.element)
                return x != y ? x > y : a.offset < b.offset
            }.map(\.element)
        }
    }
}

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
    public var settings: MixtureSettings

    public init(
        proposers: [Proposer],
        aggregator: Aggregator,
        prompt: AggregationPrompt,
        layers: Int = 2,
        confidence: Confidence,
        scorers: [any LikelihoodModel] = [],
        comparison: AnswerComparison = .whole,
        settings: MixtureSettings = MixtureSettings()
    ) {
        precondition(layers >= 2 && !proposers.isEmpty, "\(layers) layers of \(proposers.count) proposers")
        self.proposers = proposers
        self.aggregator = aggregator
        self.prompt = prompt
        self.layers = layers
        self.confidence = confidence
        self.scorers = scorers
        self.comparison = comparison
        self.settings = settings
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
            for (index, results) in try await answers(instructions, layer, after: result.last, meter).enumerated() {
                for (i, answers) in results.enumerated() {
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

    /// What each proposer answers to all instructions. Models on this machine answer one after another, and those
    /// behind endpoints meanwhile.
    private func answers(
        _ instructions: [Instruction],
        _ layer: Int,
        after drafts: [[Draft]]?,
        _ meter: CallMeter
    ) async throws -> [[[Answer]?]] {
        let isLocal = proposers.map { $0.model.identity.digest != nil }
        let local = proposers.indices.filter { isLocal[$0] }
        let groups = (local.isEmpty ? [] : [local]) + proposers.indices.filter { !isLocal[$0] }.map { [$0] }
        @Sendable func answers(of index: Int) async throws -> [[Answer]?] {
            let proposer = proposers[index]
            // The same model twice in one layer is two independent samples.
            let questions = instructions.indices.map { i in
                let key = RandomKey.derive(instructions[i].key, UInt64(layer))
                return Question(
                    instruction: instructions[i],
                    candidates: drafts?[i],
                    key: RandomKey.derive(key, UInt64(index))
                )
            }
            return try await ask(proposer, questions, progress: meter.call(proposer.name)).results.answered(
                mayAllBeTooLong: questions.allSatisfy(\.holdsWhatWasWritten)
            )
        }
        let halt = StepHalt()
        return try await StepHalt.$current.withValue(halt) {
            try await withThrowingTaskGroup(of: Result<[(Int, [[Answer]?])], any Error>.self) { tasks in
                for group in groups {
                    tasks.addTask {
                        var answered: [(Int, [[Answer]?])] = []
                        do {
                            for index in group { answered.append((index, try await answers(of: index))) }
                            return .success(answered)
                        } catch {
                            halt.pull()
                            return .failure(error)
                        }
                    }
                }
                var all = [[[Answer]?]](repeating: [], count: proposers.count), failures: [any Error] = []
                for try await part in tasks {
                    switch part {
                    case .success(let answered): for (index, results) in answered { all[index] = results }
                    case .failure(let error): failures.append(error)
                    }
                }
                // Those that were halted do not say why.
                if let failure = failures.first(where: { !($0 is CancellationError) }) ?? failures.first {
                    throw failure
                }
                return all
            }
        }
    }

    /// The answers of a participant, which is shown candidates from the second layer on. Where these are too long for
    /// it, all of them are cut at their ends to one share of their length, less each time, until they fit.
    /// - Returns: by question, the answers, and the share of the candidates that was shown.
    private func ask(
        _ reader: Proposer,
        _ questions: [Question],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws -> (results: [ChatResult], shares: [Double]) {
        var results: [ChatResult] = [], shares = [Double](repeating: 1, count: questions.count)
        var pending: [Int] = Array(questions.indices)
        var share = 1.0
        while !pending.isEmpty {
            let requests = pending.map { place in self.request(questions[place], to: reader, showing: share) }
            let isFirst = share == 1
            let answered = try await reader.model.answer(requests) { if isFirst { progress($0) } }
            if isFirst { results = answered }
            for (place, answer) in zip(pending, answered) {
                results[place] = answer
                shares[place] = share
            }
            share *= Self.shortening
            guard settings.tooLong == .shorten, share > Self.leastShare else { break }
            pending = pending.filter { i in
                guard questions[i].candidates != nil, case .failure(let error) = results[i] else { return false }
                return error.code == .input
            }
        }
        return (results, shares)
    }

    private struct Question: Sendable {
        var instruction: Instruction
        var candidates: [Draft]?
        var key: UInt64

        /// Candidates, or the answers of earlier turns.
        var holdsWhatWasWritten: Bool {
            candidates != nil || instruction.messages.contains { $0.role == "assistant" }
        }
    }

    /// - Parameter share: of each candidate.
    private func request(_ question: Question, to reader: Proposer, showing share: Double) -> ChatRequest {
        let instruction = question.instruction
        var messages = reader.context.applied(to: instruction.messages, task: instruction.task)
        if let candidates = question.candidates {
            let texts = shown(candidates, to: instruction).map { $0.cut(to: share) }
            messages = prompt.messages(messages, candidates: texts)
        }
        return reader.request(messages, key: question.key, wantsLogprob: confidence == .own)
    }

    private static let shortening = 0.75, leastShare = 0.05

    /// The texts of candidates, in the order in which a model is shown them.
    private func shown(_ drafts: [Draft], to instruction: Instruction) -> [String] {
        var shown = drafts
        switch settings.order ?? (confidence == .none ? .listed : .confidence) {
        case .listed: break
        case .confidence: shown = ordered(drafts)
        case .shuffled:
            var random = RandomStream(key: RandomKey.derive(instruction.key, "order"))
            random.shuffle(&shown)
        }
        return shown.map(\.answer.text)
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

    /// What a mixture answers to instructions.
    public struct Aggregation: Sendable {
        /// Nil where there are too few drafts, or where they are too much for the aggregator.
        public var answers: [Answer?]
        /// Of each candidate, how much the aggregator was shown, 0 to 1.
        public var shares: [Double]
        public var usage: Usage
    }

    /// The mixture's answer to every instruction, from the drafts of the last layer but one.
    /// - Throws: what the aggregator throws, and failures of requests that are not theirs alone (`answered`).
    public func aggregate(
        _ instructions: [Instruction],
        drafts: [[Draft]],
        progress: StepProgress = StepProgress()
    ) async throws -> Aggregation {
        precondition(
            instructions.count == drafts.count,
            "\(drafts.count) rows of drafts for \(instructions.count) instructions"
        )
        var aggregation = Aggregation(
            answers: [Answer?](repeating: nil, count: instructions.count),
            shares: [Double](repeating: 1, count: instructions.count),
            usage: Usage()
        )
        switch aggregator {
        case .rule(let rule): aggregation.answers = answers(to: instructions, of: drafts, by: rule)
        case .participant(let aggregator):
            let drafted = instructions.indices.filter { drafts[$0].count >= settings.minimumDrafts }
            let questions = drafted.map { i in
                Question(
                    instruction: instructions[i],
                    candidates: drafts[i],
                    key: RandomKey.derive(instructions[i].key, "aggregate")
                )
            }
            let meter = CallMeter(total: questions.count, unit: "answers", progress)
            let (results, shares) = try await ask(aggregator, questions, progress: meter.call(aggregator.name))
            for (place, answers) in try results.answered(mayAllBeTooLong: true).enumerated() {
                aggregation.answers[drafted[place]] = answers?[0]
                aggregation.shares[drafted[place]] = shares[place]
            }
            aggregation.usage.generated = aggregation.answers.reduce(0) { $0 + ($1?.tokens ?? 0) }
        }
        return aggregation
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

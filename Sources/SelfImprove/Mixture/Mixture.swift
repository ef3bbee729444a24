import LocalLM
import ModelFiles

/// A mixture of agents (arXiv 2406.04692): in every layer but the last all proposers answer, from the second one on seeing the
/// answers of the layer before; in the last layer one aggregator synthesizes what it sees into one answer.
///
/// We deviate from the papers in two points. Candidates are shown best first, by a confidence that is measured, not by the order
/// in which proposers are listed; and the aggregator may be a rule (the most confident candidate, or a vote), which is what the
/// aggregator model is measured against.
public struct Mixture: Sendable {
    public struct Proposer: Sendable {
        public var name: String
        public var model: any ChatModel
        /// The champion proposes, but its confidence in itself is not listened to: it would feed back.
        public var isChampion: Bool

        public init(name: String, model: any ChatModel, isChampion: Bool) {
            self.name = name
            self.model = model
            self.isChampion = isChampion
        }
    }

    public enum Aggregator: Sendable {
        case model(name: String, any ChatModel)
        case mostConfident
        case plurality
    }

    /// One instruction: the conversation so far, and the key of its randomness.
    public struct Instruction: Sendable {
        public var messages: [Message]
        public var key: UInt64

        public init(messages: [Message], key: UInt64) {
            self.messages = messages
            self.key = key
        }
    }

    /// What one proposer answered to one instruction.
    public struct Draft: Sendable, Equatable {
        public var proposer: Int
        public var answer: ChatAnswer
        public var confidence: Double?

        public init(proposer: Int, answer: ChatAnswer, confidence: Double?) {
            self.proposer = proposer
            self.answer = answer
            self.confidence = confidence
        }
    }

    public var proposers: [Proposer]
    public var aggregator: Aggregator
    public var prompt: AggregationPrompt
    /// At least two: proposers, then the aggregator.
    public var layers: Int
    public var sampling: Sampling
    public var aggregatorSampling: Sampling
    public var confidence: CampaignConfiguration.Mixture.Confidence
    /// Who scores drafts for `.peers`; never the champion.
    public var scorers: [any LikelihoodModel]

    public init(
        proposers: [Proposer],
        aggregator: Aggregator,
        prompt: AggregationPrompt,
        layers: Int = 2,
        sampling: Sampling,
        aggregatorSampling: Sampling,
        confidence: CampaignConfiguration.Mixture.Confidence,
        scorers: [any LikelihoodModel] = []
    ) {
        precondition(layers >= 2 && !proposers.isEmpty, "\(layers) layers of \(proposers.count) proposers")
        self.proposers = proposers
        self.aggregator = aggregator
        self.prompt = prompt
        self.layers = layers
        self.sampling = sampling
        self.aggregatorSampling = aggregatorSampling
        self.confidence = confidence
        self.scorers = scorers
    }

    // MARK: Proposing

    /// Drafts of every layer but the last.
    /// - Returns: by layer and instruction, in the order of the proposers; and the tokens generated and scored.
    public func propose(_ instructions: [Instruction], progress: StepProgress = StepProgress()) async throws -> (
        layers: [[[Draft]]], tokens: Int
    ) {
        var result: [[[Draft]]] = []
        var tokens = 0
        let meter = CallMeter(total: instructions.count * proposers.count * (layers - 1), unit: "drafts", progress)
        for layer in 1..<layers {
            let shown = result.last.map { previous in
                instructions.indices.map {
                    prompt.messages(instructions[$0].messages, candidates: ordered(previous[$0]).map(\.answer.text))
                }
            }
            var drafts = [[Draft]](repeating: [], count: instructions.count)
            for (index, proposer) in proposers.enumerated() {
                // The same model twice in one layer is two independent samples.
                let requests = instructions.indices.map { i in
                    ChatRequest(
                        messages: shown?[i] ?? instructions[i].messages,
                        key: RandomKey.derive(RandomKey.derive(instructions[i].key, UInt64(layer)), UInt64(index))
                    )
                }
                let answers = try await proposer.model.answer(
                    requests,
                    sampling: sampling,
                    progress: meter.call(proposer.name)
                )
                for (i, answer) in answers.enumerated() {
                    tokens += answer[0].tokens
                    drafts[i].append(Draft(proposer: index, answer: answer[0], confidence: nil))
                }
            }
            tokens += try await measureConfidence(of: &drafts, instructions)
            result.append(drafts)
        }
        return (result, tokens)
    }

    /// Fills in what orders the drafts. Returns the tokens scored.
    private func measureConfidence(of drafts: inout [[Draft]], _ instructions: [Instruction]) async throws -> Int {
        switch confidence {
        case .none: return 0
        case .own:
            for i in drafts.indices {
                for k in drafts[i].indices where !proposers[drafts[i][k].proposer].isChampion {
                    drafts[i][k].confidence = drafts[i][k].answer.meanLogprob
                }
            }
            return 0
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
            var tokens = 0
            for scorer in scorers {
                for (index, likelihood) in try await scorer.likelihood(of: questions, progress: { _ in }).enumerated() {
                    best[index] = max(best[index], likelihood.mean)
                    tokens += likelihood.tokens
                }
            }
            var table = [[String: Double]](repeating: [:], count: drafts.count)
            for (index, entry) in texts.enumerated() where best[index].isFinite {
                table[entry.instruction][entry.text] = best[index]
            }
            for i in drafts.indices {
                for k in drafts[i].indices { drafts[i][k].confidence = table[i][drafts[i][k].answer.text] }
            }
            return tokens
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

    /// The mixture's answer to every instruction, from the drafts of the last layer but one.
    public func aggregate(_ instructions: [Instruction], drafts: [[Draft]], progress: StepProgress = StepProgress())
        async throws -> [ChatAnswer]
    {
        precondition(
            instructions.count == drafts.count,
            "\(drafts.count) rows of drafts for \(instructions.count) instructions"
        )
        switch aggregator {
        case .mostConfident: return drafts.map { ordered($0)[0].answer }
        case .plurality: return drafts.map { Self.plurality(ordered($0)).answer }
        case .model(let name, let model):
            let requests = instructions.indices.map { i in
                ChatRequest(
                    messages: prompt.messages(
                        instructions[i].messages,
                        candidates: ordered(drafts[i]).map(\.answer.text)
                    ),
                    key: RandomKey.derive(instructions[i].key, "aggregate")
                )
            }
            let meter = CallMeter(total: requests.count, unit: "answers", progress)
            return try await model.answer(requests, sampling: aggregatorSampling, progress: meter.call(name)).map {
                $0[0]
            }
        }
    }

    /// The text that most drafts agree on; among equals the first.
    static func plurality(_ drafts: [Draft]) -> Draft {
        var votes: [String: Int] = [:]
        for draft in drafts { votes[draft.answer.text, default: 0] += 1 }
        let most = votes.values.max()!
        return drafts.first { votes[$0.answer.text] == most }!
    }
}

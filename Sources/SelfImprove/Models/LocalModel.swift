import LocalLM
import ModelFiles

/// A checkpoint that answers and scores on this machine. One actor owns its weights; the work runs on a thread of its
/// own.
public actor LocalModel: ChatModel, LikelihoodModel {
    public nonisolated let name: String
    public nonisolated let identity: ModelIdentity
    /// Of memory that its weights take, in both of the forms in which they are held.
    nonisolated let bytes: Int
    private let checkpoint: Checkpoint
    private let engine: InferenceEngine
    /// An actor lets the next call in while one waits; the engine takes one at a time.
    private let gate = SerialGate()

    /// Sequences that go to the engine in one call; between calls a cancelled campaign can stop.
    private static let portion = 512

    /// - Parameter weights: how they are held; nil: as they came.
    public init(name: String, digest: String, checkpoint: Checkpoint, weights: WeightFormat? = nil, threads: Int) throws
    {
        guard checkpoint.template != nil else {
            throw SelfImproveError(
                .input,
                "the model has no chat template and cannot hold a conversation",
                context: name,
                hint: "add chat_template.jinja"
            )
        }
        self.name = name
        identity = .weights(digest: digest)
        self.checkpoint = checkpoint
        engine = try InferenceEngine(checkpoint, threads: threads, format: weights)
        bytes = checkpoint.parameters.residentBytes + engine.weightBytes
    }

    public func answer(_ requests: [ChatRequest], progress: @escaping @Sendable (Int) -> Void) async throws
        -> [ChatResult]
    {
        let checkpoint = checkpoint, engine = engine
        return try await gate.pass { [name] in
            try await Computation.run("answers of \(name)") { cancellation in
                var results: [ChatResult] = []
                var finished = 0
                let closing = Self.closing(of: requests, checkpoint)
                for portion in Self.portions(requests) {
                    try cancellation.check()
                    let part = portion.map { Self.generation($0, name, checkpoint, engine) }
                    let usable = part.compactMap { if case .success(let request) = $0 { request } else { nil } }
                    let before = finished
                    var sequences =
                        try usable.isEmpty
                        ? []
                        : engine.generate(
                            usable,
                            sampling: Self.sampling(of: portion, closing),
                            tokenizer: checkpoint.tokenizer,
                            progress: { progress(before + $0) }
                        )[...]
                    results += zip(portion, part).map { asked, request in
                        request.map { _ in
                            sequences.removeFirst().map {
                                asked.turn == .assistant
                                    ? Self.answer($0, checkpoint)
                                    : Self.spoken($0, asked.sampling.stop + closing, checkpoint)
                            }
                        }
                    }
                    finished += usable.reduce(0) { $0 + $1.samples }
                }
                return results
            }
        }
    }

    /// A conversation as token ids; a failure where the template refuses it, or it does not fit into the model.
    private static func generation(
        _ request: ChatRequest,
        _ name: String,
        _ checkpoint: Checkpoint,
        _ engine: InferenceEngine
    ) -> Result<GenerationRequest, SelfImproveError> {
        do {
            let ids =
                request.turn == .assistant
                ? try checkpoint.composedIDs(request.messages)
                : checkpoint.tokenizer.encode(try checkpoint.userTurn().opening)
            let generation = GenerationRequest(ids: ids, samples: request.samples, key: request.key)
            try engine.check(generation)
            return .success(generation)
        } catch let error as LocalLMError {
            return .failure(SelfImproveError(.input, error.message, context: error.context ?? name, hint: error.hint))
        } catch {
            return .failure(SelfImproveError(.failed, "\(error)", context: name))
        }
    }

    /// Runs of requests that are sampled alike, at most `portion` long.
    private static func portions(_ requests: [ChatRequest]) -> [ArraySlice<ChatRequest>] {
        var portions: [ArraySlice<ChatRequest>] = []
        var rest = requests[...]
        while let first = rest.first {
            let run = rest.prefix(portion).prefix { $0.sampling == first.sampling && $0.turn == first.turn }
            portions.append(run)
            rest = rest.dropFirst(run.count)
        }
        return portions
    }

    public func likelihood(
        of answers: [(messages: [Message], answer: String)],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [Likelihood] {
        let checkpoint = checkpoint, engine = engine
        return try await gate.pass { [name] in
            try await Computation.run("likelihoods of \(name)") { cancellation in
                var likelihoods: [Likelihood] = []
                for start in stride(from: 0, to: answers.count, by: Self.portion) {
                    try cancellation.check()
                    let part = try answers[start..<min(start + Self.portion, answers.count)].map { item in
                        try checkpoint.example(prompt: item.messages, completion: item.answer)
                    }
                    let limit = checkpoint.configuration.maximumPositions
                    let scorable = part.compactMap { example in example.flatMap { $0.ids.count <= limit ? $0 : nil } }
                    let before = likelihoods.count
                    var scores = try engine.logprobs(of: scorable, progress: { progress(before + $0) })[...]
                    for example in part {
                        guard let example, example.ids.count <= limit else {
                            likelihoods.append(.impossible)
                            continue
                        }
                        let logprobs = scores.removeFirst()
                        likelihoods.append(
                            .measured(
                                logprob: logprobs.reduce(0.0) { $0 + Double($1) },
                                tokens: example.targetCount
                            )
                        )
                    }
                    progress(likelihoods.count)
                }
                return likelihoods
            }
        }
    }

    /// The text after which a user's turn has ended, where somebody is to write one; a special token ends it anyhow.
    private static func closing(of requests: [ChatRequest], _ checkpoint: Checkpoint) -> [String] {
        guard requests.contains(where: { $0.turn != .assistant }), let turn = try? checkpoint.userTurn(),
            let closing = turn.closing, let first = checkpoint.tokenizer.encode(closing).first,
            !checkpoint.tokenizer.isSpecial(first)
        else { return [] }
        return [closing]
    }

    private static func sampling(of portion: ArraySlice<ChatRequest>, _ closing: [String]) -> Sampling {
        let request = portion[portion.startIndex]
        var sampling = request.sampling
        if request.turn != .assistant { sampling.stop += closing }
        return sampling
    }

    /// What was said in the user's place.
    private static func spoken(_ sequence: GeneratedSequence, _ closing: [String], _ checkpoint: Checkpoint) -> Answer {
        let (text, reason) = checkpoint.spoken(sequence, closing: closing)
        return Answer(text: text, tokens: sequence.ids.count, logprob: sequence.logprob, finishReason: reason)
    }

    private static func answer(_ sequence: GeneratedSequence, _ checkpoint: Checkpoint) -> Answer {
        Answer(
            text: sequence.text ?? checkpoint.tokenizer.decode(sequence.ids, skippingSpecialTokens: true),
            tokens: sequence.ids.count,
            logprob: sequence.logprob,
            finishReason: sequence.finishReason
        )
    }
}

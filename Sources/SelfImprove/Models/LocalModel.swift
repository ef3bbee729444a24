import LocalLM
import ModelFiles

/// A checkpoint that answers and scores on this machine. One actor owns its weights; the work runs on a thread of its own.
public actor LocalModel: LikelihoodModel {
    public nonisolated let name: String
    /// Digest of the model, where it is one of the lineage's.
    public nonisolated let digest: String
    private let checkpoint: Checkpoint
    private let engine: InferenceEngine
    /// The call that is under way: an actor lets the next one in while it waits, the engine may not.
    private var busy: Task<Void, Never>?

    /// Sequences that go to the engine in one call; between calls a cancelled campaign can stop.
    private static let portion = 512

    public init(name: String, digest: String, checkpoint: Checkpoint, threads: Int) throws {
        guard checkpoint.template != nil else {
            throw SelfImproveError(
                .input,
                "the model has no chat template and cannot hold a conversation",
                context: name,
                hint: "add chat_template.jinja"
            )
        }
        self.name = name
        self.digest = digest
        self.checkpoint = checkpoint
        engine = InferenceEngine(weights: checkpoint.weights, threads: threads)
    }

    public func answer(_ requests: [ChatRequest], sampling: Sampling, progress: @escaping @Sendable (Int) -> Void)
        async throws -> [[ChatAnswer]]
    {
        let checkpoint = checkpoint, engine = engine
        return try await exclusively { [name] in
            try await Computation.run("answers of \(name)") { cancellation in
                var answers: [[ChatAnswer]] = []
                var finished = 0
                for start in stride(from: 0, to: requests.count, by: Self.portion) {
                    try cancellation.check()
                    let part = try requests[start..<min(start + Self.portion, requests.count)].map {
                        GenerationRequest(ids: try checkpoint.promptIDs($0.messages), samples: $0.samples, key: $0.key)
                    }
                    let before = finished
                    answers += try engine.generate(
                        part,
                        sampling: sampling,
                        tokenizer: checkpoint.tokenizer,
                        progress: { progress(before + $0) }
                    ).map {
                        $0.map { Self.answer($0, checkpoint) }
                    }
                    finished += part.reduce(0) { $0 + $1.samples }
                }
                return answers
            }
        }
    }

    public func likelihood(
        of answers: [(messages: [Message], answer: String)],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [Likelihood] {
        let checkpoint = checkpoint, engine = engine
        return try await exclusively { [name] in
            try await Computation.run("likelihoods of \(name)") { cancellation in
                var likelihoods: [Likelihood] = []
                for start in stride(from: 0, to: answers.count, by: Self.portion) {
                    try cancellation.check()
                    let part = try answers[start..<min(start + Self.portion, answers.count)].map { item in
                        try checkpoint.example(prompt: item.messages, completion: item.answer)
                    }
                    // An answer that cannot be told from its prompt, or does not fit, is one that this model finds impossible.
                    let limit = checkpoint.configuration.maximumPositions
                    let scorable = part.compactMap { example in example.flatMap { $0.ids.count <= limit ? $0 : nil } }
                    var scores = try engine.logprobs(of: scorable)[...]
                    for example in part {
                        guard let example, example.ids.count <= limit else {
                            likelihoods.append(Likelihood(logprob: -.greatestFiniteMagnitude, tokens: 1))
                            continue
                        }
                        let logprobs = scores.removeFirst()
                        likelihoods.append(
                            Likelihood(logprob: logprobs.reduce(0.0) { $0 + Double($1) }, tokens: example.targetCount)
                        )
                    }
                    progress(likelihoods.count)
                }
                return likelihoods
            }
        }
    }

    /// One call after the other, in the order of arrival.
    private func exclusively<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws
        -> Value
    {
        let previous = busy
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        busy = Task {
            await previous?.value
            for await _ in stream {}
        }
        await previous?.value
        defer { continuation.finish() }
        try Task.checkCancellation()
        return try await body()
    }

    private static func answer(_ sequence: GeneratedSequence, _ checkpoint: Checkpoint) -> ChatAnswer {
        ChatAnswer(
            text: sequence.text ?? checkpoint.tokenizer.decode(sequence.ids, skippingSpecialTokens: true),
            tokens: sequence.ids.count,
            logprob: sequence.logprob,
            finishReason: sequence.finishReason
        )
    }
}

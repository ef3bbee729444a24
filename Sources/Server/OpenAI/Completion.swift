import Foundation
import LocalLM
import SelfImprove
import Synchronization

/// The sequences that are generated for one request, as a stream of updates in the order in which they happen.
///
/// Dropping the stream (the client left) ends the work: the engine learns at the next token that no one is listening.
struct Completion: Sendable {
    let model: ServedModel
    let promptTokens: Int
    let choices: Int
    let updates: AsyncThrowingStream<ChoiceUpdate, any Error>
    /// Ends the work, and the stream with a `CancellationError`: for a client that left before there was an answer.
    let abandon: @Sendable () -> Void

    /// What is asked: token ids, and the text that stands before the answer; nil: none does.
    struct Prompt: Sendable {
        var ids: [Int]
        var echo: String?
    }

    /// - Parameter prompts: each is answered `n` times.
    /// - Throws: `LocalLMError` for a prompt that does not fit; `.busy` (429) where the queue is full.
    static func begin(
        _ prompts: [Prompt],
        _ parameters: SamplingParameters,
        topLogprobs: Int?,
        on model: ServedModel,
        of models: ServedModels,
        random: @Sendable () -> UInt64
    ) async throws -> Completion {
        let choices = prompts.count * parameters.n
        let sampling = Sampling(
            temperature: parameters.temperature,
            topP: parameters.topP,
            topK: parameters.topK,
            minP: parameters.minP,
            repetitionPenalty: parameters.repetitionPenalty,
            maximumTokens: parameters.maxTokens ?? model.checkpoint.configuration.maximumPositions
        )
        let seed = parameters.seed ?? random()
        try await models.reserve(choices)
        let (updates, continuation) = AsyncThrowingStream<ChoiceUpdate, any Error>.makeStream()
        let open = OpenChoices(choices, continuation)
        continuation.onTermination = { _ in
            open.end()
            Task { await models.free(choices) }
        }
        do {
            for (p, prompt) in prompts.enumerated() {
                for sample in 0..<parameters.n {
                    let choice = Choice(
                        index: p * parameters.n + sample,
                        text: AnswerText(tokenizer: model.checkpoint.tokenizer, stop: parameters.stop),
                        open: open,
                        streams: parameters.stream,
                        echo: prompt.echo
                    )
                    let key = RandomKey.derive(seed, UInt64(sample))
                    try model.engine.submit(
                        .init(
                            ids: prompt.ids,
                            sampling: sampling,
                            key: key,
                            topLogprobs: topLogprobs ?? 0,
                            scoresPrompt: prompt.echo != nil && topLogprobs != nil
                        )
                    ) { choice.receive($0) }
                }
            }
        } catch {
            continuation.finish()  // ends the sequences that were submitted already
            throw error
        }
        return Completion(
            model: model,
            promptTokens: prompts.reduce(0) { $0 + $1.ids.count },
            choices: choices,
            updates: updates,
            abandon: { continuation.finish(throwing: CancellationError()) }
        )
    }

    /// Counts the choices that have not ended, and passes their updates on.
    private final class OpenChoices: Sendable {
        private let count: Mutex<Int>
        private let isOver = Mutex(false)
        private let continuation: AsyncThrowingStream<ChoiceUpdate, any Error>.Continuation

        init(_ count: Int, _ continuation: AsyncThrowingStream<ChoiceUpdate, any Error>.Continuation) {
            self.count = Mutex(count)
            self.continuation = continuation
        }

        /// - Returns: whether the stream is still read.
        func send(_ update: ChoiceUpdate) -> Bool {
            let result = continuation.yield(update)
            if update.finish != nil,
                count.withLock({
                    $0 -= 1; return $0 == 0
                })
            {
                continuation.finish()
            }
            if case .terminated = result { return false }
            return true
        }

        /// Whether the stream is still read.
        var isHeard: Bool { !isOver.withLock { $0 } }
        func end() { isOver.withLock { $0 = true } }
    }

    /// One sequence. `@unchecked Sendable`: only its worker's thread touches it.
    private final class Choice: @unchecked Sendable {
        private let index: Int
        private var text: AnswerText
        private let open: OpenChoices
        private let streams: Bool
        /// Stands before the answer.
        private var echo: String?
        /// The answer so far, where it is not streamed.
        private var whole: ChoiceUpdate

        init(index: Int, text: AnswerText, open: OpenChoices, streams: Bool, echo: String?) {
            self.echo = echo
            self.index = index
            self.text = text
            self.open = open
            self.streams = streams
            whole = ChoiceUpdate(index: index, text: "", tokens: [], finish: nil)
        }

        func receive(_ event: GenerationEvent) -> Bool {
            switch event {
            case .started: return open.isHeard
            case .prompt(let tokens): return tellPrompt(tokens)
            case .token(let token):
                guard tellPrompt([]) else { return false }
                let new = text.add(token.id, isLast: false)
                let isHeard = tell(
                    ChoiceUpdate(index: index, text: new, tokens: [token], finish: text.isStopped ? .stop : nil)
                )
                return isHeard && !text.isStopped
            case .finished(let reason):
                guard tellPrompt([]) else { return false }
                return tell(ChoiceUpdate(index: index, text: text.add(nil, isLast: true), tokens: [], finish: reason))
            }
        }

        /// Once, before the answer, where it is wanted at all.
        private func tellPrompt(_ tokens: [GeneratedToken]) -> Bool {
            guard let text = echo else { return true }
            echo = nil
            return open.send(ChoiceUpdate(index: index, text: text, tokens: tokens, isPrompt: true, finish: nil))
        }

        /// Sends an answer that is not streamed once, at its end: waking its reader for every token costs more than a
        /// small model's token.
        private func tell(_ update: ChoiceUpdate) -> Bool {
            if streams { return open.send(update) }
            whole.text += update.text
            whole.tokens += update.tokens
            whole.finish = update.finish
            return whole.finish == nil ? open.isHeard : open.send(whole)
        }
    }
}

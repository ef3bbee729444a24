import Foundation
import LocalLM
import ModelFiles

/// A model at work that writes its share of a round's prompts.
///
/// Self-instruct (arXiv 2212.10560): each generation is shown a draw of seeds of one task and gives one instruction of
/// that task. Deviations: the paper shows six seeds and two of the model's own and lets GPT-3 go on with up to eight
/// more; we ask a chat model for one, so that a prompt's seeds are known and a cut-off text costs one; and we show
/// seeds alone, so that a model's habits do not feed on themselves over the rounds. Whether a task is a classification
/// is not asked, and no answer is written with it: the mixture answers.
///
/// Magpie (arXiv 2406.08464): the model goes on from what its template writes before a user's first words.
///
/// What a generation draws depends on the round's key, the source's name and the generation's number alone. They come
/// in waves, each as large as it must be where texts go on being good at the rate of the one before, up to
/// `PromptWriter.attempts` for each prompt that is wanted. What a model does wrong is counted, and no error.
struct PromptWriting: Sendable {
    let writer: PromptWriter
    let model: any ChatModel
    /// Of the round's step.
    let key: UInt64
    /// Languages (ISO 639-1) in which the model may decline.
    let refusals: [String]

    private struct Generation {
        var seeds: [SeedPrompts.Seed]
        var request: ChatRequest
    }

    /// - Parameter share: the source's place.
    /// - Throws: what reading seeds throws; what the model throws; failures that are not of one text alone.
    func write(into session: inout DrawingSession, share: Int, _ meter: CallMeter) async throws -> Usage {
        let wanted = session.wanted(of: share), most = wanted * PromptWriter.attempts
        let filter = WritingFilter(writer, refusals: refusals)
        var seeds = try writer.examples.map { try session.seeds(of: $0) }
        var told = DrawingReport.Written(
            source: writer.name,
            kind: writer.kind,
            model: model.identity.description,
            prompt: prompt,
            share: session.part(of: share),
            wanted: wanted,
            seeds: seeds?.all.count,
            heldOutSeeds: seeds?.heldOut
        )
        var usage = Usage(), wave = wanted
        while session.missing(of: share) > 0, told.generated < most, seeds?.all.isEmpty != true {
            let first = told.generated, before = session.missing(of: share)
            let generations = (first..<min(first + wave, most)).map { generation($0, seeds) }
            let results = try await model.answer(generations.map(\.request), progress: meter.call(writer.name))
            var unanswered = 0
            for (number, (generation, result)) in zip(first..., zip(generations, results)) {
                switch result {
                case .failure(let error):
                    guard error.code == .input || error.code == .unanswered else { throw error }
                    unanswered += 1
                    told.drop(error.message, .unanswered, generation: number)
                case .success(let answers):
                    usage.generated += answers.reduce(0) { $0 + $1.tokens }
                    let (text, reason) = filter.read(answers.first ?? .none, to: generation.request.messages)
                    let origin = origin(number, generation)
                    let refused =
                        reason
                        ?? session.admit(
                            text,
                            task: generation.seeds.first?.task,
                            origin,
                            share: share,
                            seeds: &seeds
                        )
                    if let refused { told.drop(text, refused, generation: number) }
                }
            }
            told.generated += generations.count
            // What no text of a wave was answered for, the next will not be, either.
            if unanswered == generations.count { break }
            let missing = session.missing(of: share),
                rate = max(Double(before - missing), 0.5) / Double(generations.count)
            wave = Int((Double(missing) / rate).rounded(.up))
        }
        told.drawn = wanted - session.missing(of: share)
        session.tell(told)
        return usage
    }

    private func generation(_ number: Int, _ seeds: SeedPrompts?) -> Generation {
        let key = RandomKey.derive(RandomKey.derive(RandomKey.derive(key, "writer"), writer.name), UInt64(number))
        guard let examples = writer.examples, let seeds else {
            let request = ChatRequest(userAfter: writer.opening?.prefix, sampling: writer.sampling, key: key)
            return Generation(seeds: [], request: request)
        }
        let shown = seeds.draw(examples.shown, key: RandomKey.derive(key, "seeds"))
        let message = examples.prompt.message(showing: shown.map(\.text))
        return Generation(
            seeds: shown,
            request: ChatRequest(messages: [message], sampling: writer.sampling, key: key)
        )
    }

    /// Of what the model was shown, where it is not its own template.
    private var prompt: String? {
        writer.examples?.prompt.digest ?? writer.opening.map { ContentDigest.sha256($0.prefix) }
    }

    private func origin(_ number: Int, _ generation: Generation) -> PromptOrigin {
        PromptOrigin(
            source: writer.name,
            kind: writer.kind,
            model: model.identity.description,
            generation: number,
            prompt: prompt,
            seeds: generation.seeds.map(\.origin)
        )
    }
}

import Foundation
import TestSupport
import Testing

@testable import LocalLM
@testable import ModelFiles

@Suite struct ServingEngineTests {
    let c = TinyModels.configuration()
    var weights: Weights { TinyModels.weights(c, seed: 41) }

    private func request(_ number: Int, _ sampling: Sampling = Sampling(temperature: 1, maximumTokens: 24))
        -> ServingEngine.Request
    {
        .init(
            ids: (0...number % 7).map { 2 + ($0 * 5 + number) % 30 },
            sampling: sampling,
            key: UInt64(number),
            topLogprobs: 0
        )
    }

    /// More requests than places, of different lengths, as they come: each gets the tokens that it gets alone.
    @Test(arguments: [Parallelism.team, .workers]) func answersDependOnTheRequestAlone(parallelism: Parallelism)
        async throws
    {
        let engine = ServingEngine(weights: weights, threads: 2, slots: 3, parallelism: parallelism)
        defer { engine.close() }
        let requests = (0..<40).map {
            request($0, Sampling(temperature: $0 % 3 == 0 ? 0 : 1, maximumTokens: 1 + $0 % 24))
        }
        let answers = requests.map { _ in Listener() }
        for (request, answer) in zip(requests, answers) { try engine.submit(request) { answer.hear($0) } }
        for (number, (request, answer)) in zip(requests, answers).enumerated() {
            let alone = ServingEngine(weights: weights, threads: 1, slots: 1, parallelism: .workers)
            defer { alone.close() }
            let expected = Listener()
            try alone.submit(request) { expected.hear($0) }
            let (got, wanted) = (await answer.end(), await expected.end())
            #expect(got == wanted, "request \(number)")
            #expect(got.ids.count == request.sampling.maximumTokens || got.reason == .stop)
        }
    }

    /// The engine of campaigns is another one; the same key gives the same tokens.
    @Test func itSamplesAsTheInferenceEngineDoes() async throws {
        let sampling = Sampling(temperature: 1, maximumTokens: 24)
        let other = try InferenceEngine(weights: weights, threads: 1).generate(
            [GenerationRequest(ids: [3, 4, 5], key: 7)],
            sampling: sampling
        )[0][0]
        let engine = ServingEngine(weights: weights, threads: 1), answer = Listener()
        defer { engine.close() }
        try engine.submit(
            .init(ids: [3, 4, 5], sampling: sampling, key: RandomKey.derive(7, 0)),
            listener: { answer.hear($0) }
        )
        let got = await answer.end()
        #expect(got.ids == other.ids && got.logprobs == other.tokenLogprobs && got.reason == other.finishReason)
    }

    @Test func whoeverStopsListeningIsNotAnsweredAnyMore() async throws {
        let engine = ServingEngine(weights: weights, threads: 1, slots: 1)
        defer { engine.close() }
        let impatient = Listener(limit: 3), uninterested = Listener(limit: 0), patient = Listener()
        let endless = Sampling(temperature: 1, maximumTokens: 60, ignoresEOS: true)
        try engine.submit(request(1, endless)) { impatient.hear($0) }
        try engine.submit(request(2, endless)) { uninterested.hear($0) }
        try engine.submit(request(3, endless)) { patient.hear($0) }
        // The only place was free again, or this would never end.
        #expect(await patient.end().ids.count == 60)
        #expect(impatient.tokens.count == 3 && !impatient.hasEnded)
        #expect(uninterested.tokens.isEmpty && !uninterested.hasEnded)
    }

    @Test func theLikeliestTokensAreToldInOrder() async throws {
        let engine = ServingEngine(weights: weights, threads: 1), answer = Listener()
        defer { engine.close() }
        try engine.submit(
            .init(ids: [3, 9], sampling: Sampling(maximumTokens: 5, ignoresEOS: true), key: 1, topLogprobs: 4)
        ) { answer.hear($0) }
        _ = await answer.end()
        for token in answer.tokens {
            #expect(token.top.count == 4 && token.top.map(\.logprob) == token.top.map(\.logprob).sorted(by: >))
            #expect(
                token.top.first?.id == token.id && abs(token.top[0].logprob - token.logprob) < 1e-5,
                "greedy takes the likeliest"
            )
        }
        #expect(answer.tokens.count == 5)
    }

    @Test func nothingIsTokensToo() async throws {
        let engine = ServingEngine(weights: weights, threads: 1), answer = Listener()
        defer { engine.close() }
        try engine.submit(request(1, Sampling(maximumTokens: 0))) { answer.hear($0) }
        let got = await answer.end()
        #expect(got.ids.isEmpty && got.reason == .length)
    }

    @Test func promptsThatCannotBeAnsweredAreRefused() {
        let engine = ServingEngine(weights: weights, threads: 1)
        defer { engine.close() }
        for ids in [[], [999], [-1], [Int](repeating: 3, count: c.maximumPositions)] {
            #expect(throws: LocalLMError.self) {
                try engine.submit(.init(ids: ids, sampling: Sampling(maximumTokens: 2), key: 1)) { _ in true }
            }
        }
    }

    @Test func afterItIsClosedNobodyIsAnswered() async throws {
        let engine = ServingEngine(weights: weights, threads: 1, slots: 1)
        let running = Listener(), waiting = Listener()
        try engine.submit(request(1, Sampling(temperature: 1, maximumTokens: 150, ignoresEOS: true))) { event in
            engine.close()  // while it is under way
            return running.hear(event)
        }
        try engine.submit(request(2)) { waiting.hear($0) }
        try await Task.sleep(for: .milliseconds(200))
        #expect(running.tokens.count < 150 && !running.hasEnded)
        #expect(waiting.tokens.isEmpty && !waiting.hasEnded)
    }
}

/// What one sequence was told.
private final class Listener: @unchecked Sendable {
    struct Answer: Equatable {
        var ids: [Int]
        var logprobs: [Float]
        var reason: FinishReason?
    }

    private let lock = NSLock()
    private let limit: Int
    private var told: [GeneratedToken] = []
    private var reason: FinishReason?

    /// - Parameter limit: tokens after which it does not want more.
    init(limit: Int = .max) { self.limit = limit }

    func hear(_ event: GenerationEvent) -> Bool {
        lock.withLock {
            switch event {
            case .started, .prompt: break
            case .token(let token): told.append(token)
            case .finished(let why): reason = why
            }
            return told.count < limit
        }
    }

    var tokens: [GeneratedToken] { lock.withLock { told } }
    var hasEnded: Bool { lock.withLock { reason != nil } }

    /// The whole answer, within a minute.
    func end() async -> Answer {
        let clock = ContinuousClock(), start = clock.now
        while !hasEnded, start.duration(to: clock.now) < .seconds(60) { try? await Task.sleep(for: .milliseconds(2)) }
        return lock.withLock { Answer(ids: told.map(\.id), logprobs: told.map(\.logprob), reason: reason) }
    }
}

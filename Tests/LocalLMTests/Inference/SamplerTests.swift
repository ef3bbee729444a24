import Foundation
import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

@Suite struct SamplerTests {
    /// Which ids are drawn at all in 4000 draws, and how often.
    private func counts(_ logits: [Float], _ sampling: Sampling, seen: Set<Int> = []) -> [Int] {
        let sampler = Sampler(vocabulary: logits.count)
        var random = RandomStream(key: 1)
        var counts = [Int](repeating: 0, count: logits.count)
        for _ in 0..<4000 { counts[sampler.pick(logits, sampling, seen: seen, random: &random).id] += 1 }
        return counts
    }

    private static func logits(_ probabilities: [Double]) -> [Float] { probabilities.map { Float($0.logarithm()) } }

    /// Probabilities .5, .3, .15, .05: min-p .3 asks for .15 and more. At temperature 1/2 they are .25, .09, .0225,
    /// .0025 over .365, and .3 of the first is .075 of the same.
    @Test func minPIsRelativeToTheLikeliestAfterTemperature() {
        let logits = Self.logits([0.05, 0.5, 0.15, 0.3])
        let warm = counts(logits, Sampling(temperature: 1, minP: 0.29, maximumTokens: 1))
        #expect(warm[0] == 0 && warm[1] > 0 && warm[2] > 0 && warm[3] > 0)
        #expect(abs(Double(warm[1]) / 4000 - 0.5 / 0.95) < 0.03)
        let cold = counts(logits, Sampling(temperature: 0.5, minP: 0.29, maximumTokens: 1))
        #expect(cold[0] == 0 && cold[2] == 0 && cold[3] > 0)
        #expect(counts(logits, Sampling(temperature: 1, topK: 3, minP: 0.5, maximumTokens: 1))[2] == 0)
    }

    /// Down to the smallest number there is, and whatever the limits: the highest logit.
    @Test(arguments: [1e-7, 1e-8, 1e-9, 1e-10, 1e-20, 1e-40, 5e-324])
    func tinyTemperaturesSampleAsTheirLimit(temperature: Double) {
        let logits: [Float] = [3.0, 31.25, 31.5, -7.0, 31.499996]
        for topK in [0, 3] {
            let found = counts(logits, Sampling(temperature: temperature, topP: 0.9, topK: topK, maximumTokens: 1))
            #expect(found[2] == 4000)
        }
    }

    /// 2 / 1.5 < 1.4, and -1 * 1.5 < -1.4: both lose their place.
    @Test func theRepetitionPenaltyDividesPositiveAndMultipliesNegativeLogits() {
        let sampler = Sampler(vocabulary: 2)
        var random = RandomStream(key: 1)
        let greedy = Sampling(repetitionPenalty: 1.5, maximumTokens: 1)
        func pick(_ logits: [Float], _ seen: Set<Int>) -> Int {
            sampler.pick(logits, greedy, seen: seen, random: &random).id
        }
        #expect(pick([2, 1.4], []) == 0 && pick([2, 1.4], [0]) == 1 && pick([2, 1.3], [0]) == 0)
        #expect(pick([-1, -1.4], []) == 0 && pick([-1, -1.4], [0]) == 1 && pick([-1, -1.6], [0]) == 0)
        let logprob = sampler.pick([2, 1.4], greedy, seen: [0], random: &random).logprob
        #expect(abs(logprob - (1.4 - Float(2).exponential(and: 1.4))) < 1e-6, "of the model, not of what is left")
    }

    /// The prompt's ids count too, and so does what was answered: greedy without repetition never says an id twice.
    @Test func aStrongPenaltyLeavesNoRepetition() throws {
        let weights = TinyModels.weights(TinyModels.configuration(), seed: 41)
        let engine = InferenceEngine(weights: weights, threads: 1)
        let prompt = [3, 4, 5]
        let answer = try engine.generate(
            [GenerationRequest(ids: prompt, key: 1)],
            sampling: Sampling(repetitionPenalty: 1e6, maximumTokens: 12, ignoresEOS: true)
        )
        let ids = answer[0][0].ids
        #expect(Set(ids + prompt).count == ids.count + prompt.count)
        #expect(answer[0][0].tokenLogprobs.reduce(0.0) { $0 + Double($1) } == answer[0][0].logprob)
    }

    /// Every draw of the partial selection is that of a full sort.
    @Test(arguments: [37, 5000, 40_000]) func partialSelectionDrawsWhatAFullSortDraws(vocabulary: Int) {
        var random = RandomStream(key: UInt64(vocabulary))
        let sampler = Sampler(vocabulary: vocabulary)
        for round in 0..<60 {
            // Many equal logits among them.
            let logits = (0..<vocabulary).map { _ in
                round % 3 == 0 ? Float(random.integer(below: 7)) : Float(2 * random.normal())
            }
            let sampling = Sampling(
                temperature: [0.4, 1, 1.7][round % 3],
                topP: [1, 0.3, 0.95, 0.9999][round % 4],
                topK: [0, 5, 40, 0, 1][round % 5],
                minP: round % 7 == 0 ? 0.05 : 0,
                maximumTokens: 1
            )
            guard sampling.topP < 1 || (1..<vocabulary).contains(sampling.topK) || sampling.minP > 0 else { continue }
            var mine = RandomStream(key: UInt64(round)), theirs = mine
            for _ in 0..<5 {
                #expect(
                    sampler.pick(logits, sampling, seen: [], random: &mine).id
                        == Self.fullSort(logits, sampling, theirs.uniform())
                )
            }
        }
    }

    private static func fullSort(_ logits: [Float], _ sampling: Sampling, _ u: Double) -> Int {
        var p = logits
        _ = p.withUnsafeMutableBufferPointer {
            VectorMath.softmax($0.baseAddress!, $0.count, scale: Float(1 / sampling.temperature))
        }
        var order = p.indices.sorted { (p[$0], $1) > (p[$1], $0) }
        let peak = p[order[0]]
        if sampling.topK > 0 { order = Array(order.prefix(sampling.topK)) }
        if sampling.topP < 1 {
            let total = order.reduce(0.0) { $0 + Double(p[$1]) }
            var sum = 0.0
            order = Array(
                order.prefix { id in
                    defer { sum += Double(p[id]) }
                    return sum == 0 || sum < sampling.topP * total
                }
            )
        }
        if sampling.minP > 0 { order = order.filter { p[$0] >= Float(sampling.minP) * peak } }
        let point = u * order.reduce(0.0) { $0 + Double(p[$1]) }
        var sum = 0.0
        for id in order {
            sum += Double(p[id])
            if point < sum { return id }
        }
        return order.last!
    }

    /// "ab" + "cd" + "ef": a text across two tokens ends the answer before it; the ids are all that were produced.
    @Test func aStopTextEndsTheAnswerBeforeIt() throws {
        let model = try GoldenModel("smollm").checkpoint()
        let engine = InferenceEngine(weights: model.weights, threads: 2)
        let request = GenerationRequest(ids: model.tokenizer.encode("The"), key: 7)
        let free = try engine.generate(
            [request],
            sampling: Sampling(temperature: 1, maximumTokens: 24, ignoresEOS: true)
        )[0][0]
        let whole = model.tokenizer.decode(free.ids, skippingSpecialTokens: true)
        #expect(free.text == nil && whole.count > 8)
        let stop = String(whole.dropFirst(4).prefix(3)), start = try #require(whole.range(of: stop)).lowerBound
        let sampling = Sampling(temperature: 1, stop: ["never said", stop], maximumTokens: 24, ignoresEOS: true)
        let answer = try engine.generate([request], sampling: sampling, tokenizer: model.tokenizer)[0][0]
        #expect(answer.text == String(whole[..<start]) && answer.finishReason == .stop)
        #expect(answer.ids.count < free.ids.count && answer.ids == Array(free.ids.prefix(answer.ids.count)))
        #expect(throws: LocalLMError.self) { try engine.generate([request], sampling: sampling) }
    }
}

extension Float {
    /// log(e^self + e^other)
    fileprivate func exponential(and other: Float) -> Float {
        Float((Double(self).exponential() + Double(other).exponential()).logarithm())
    }
}

import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

@Suite struct InferenceTests {
    let c = TinyModels.configuration()
    var weights: Weights { TinyModels.weights(c, seed: 21) }

    /// The training forward pass and the inference one are different code: each is the other's oracle.
    @Test(arguments: ModelFamily.allCases) func scoringEqualsTheTrainingForwardPass(family: ModelFamily) throws {
        let weights = TinyModels.weights(TinyModels.configuration(family), seed: 21)
        let rows = TinyModels.examples(9, vocabulary: c.vocabularySize, seed: 22, longest: 90)
        let scored = try InferenceEngine(weights: weights, threads: 2).logprobs(of: rows)
        let shard = TransformerShard(
            bank: ProjectionBank(weights),
            rotary: RotaryEmbedding(weights.configuration)
        )
        for row in rows { shard.batch.append(row) }
        shard.forward()
        shard.score()
        let trained = Array(shard.logprobs.values.prefix(shard.batch.targetCount))
        #expect(trained.count == scored.joined().count)
        #expect(zip(trained, scored.joined()).map { abs($0 - $1) }.max()! < 2e-4)
    }

    @Test func cachedDecodingEqualsAFullForwardPass() throws {
        let engine = InferenceEngine(weights: weights, threads: 1)
        let answer = try engine.generate(
            [GenerationRequest(ids: [3, 4, 5], key: 1)],
            sampling: Sampling(maximumTokens: 40, ignoresEOS: true)
        )[0][0]
        #expect(answer.ids.count == 40)
        let full = try engine.logprobs(of: [Example(ids: [3, 4, 5] + answer.ids, promptCount: 3)])[0]
        #expect(full.reduce(0.0) { $0 + Double($1) } == answer.logprob)
    }

    @Test func aSampleDoesNotDependOnTheBatchItSatIn() throws {
        let engine = InferenceEngine(weights: weights, threads: 2)
        let sampling = Sampling(temperature: 1, maximumTokens: 20)
        let requests = (0..<150).map {
            GenerationRequest(ids: [2 + $0 % 30, 7, 2 + $0 % 11], samples: 1 + $0 % 3, key: UInt64($0))
        }
        let together = try engine.generate(requests, sampling: sampling)
        for index in [0, 63, 64, 149] {
            #expect(try engine.generate([requests[index]], sampling: sampling)[0] == together[index])
        }
        #expect(Set(together.joined().map(\.ids)).count > 100, "samples differ from each other")
    }

    @Test func samplesOfOnePromptDifferAndComeBackInOrder() throws {
        let engine = InferenceEngine(weights: weights, threads: 1)
        let sampling = Sampling(temperature: 1.2, maximumTokens: 12)
        let many = try engine.generate([GenerationRequest(ids: [3, 9], samples: 130, key: 5)], sampling: sampling)[0]
        let few = try engine.generate([GenerationRequest(ids: [3, 9], samples: 4, key: 5)], sampling: sampling)[0]
        #expect(Array(many.prefix(4)) == few)
        #expect(Set(many.map(\.ids)).count > 60)
    }

    @Test func greedyStopsAtEOSAndIncludesIt() throws {
        let engine = InferenceEngine(weights: weights, threads: 1)
        let free = try engine.generate(
            [GenerationRequest(ids: [3], key: 1)],
            sampling: Sampling(maximumTokens: 30, ignoresEOS: true)
        )[0][0]
        var stopping = c
        stopping.eosTokenIDs = [free.ids[4]]
        let source = weights
        let stopped = Weights(stopping)
        stopped.buffer.copy(from: source.buffer)
        let answer = try InferenceEngine(weights: stopped, threads: 1).generate(
            [GenerationRequest(ids: [3], key: 1)],
            sampling: Sampling(maximumTokens: 30)
        )[
            0
        ][0]
        let end = free.ids.firstIndex(of: free.ids[4])!
        #expect(answer.ids == Array(free.ids[...end]))
        #expect(answer.finishReason == .stop)
    }

    @Test func promptsThatCannotBeAnsweredAreRefused() {
        let engine = InferenceEngine(weights: weights, threads: 1)
        for ids in [[], [999], [-1], [Int](repeating: 3, count: 160)] {
            #expect(throws: LocalLMError.self) {
                try engine.generate([GenerationRequest(ids: ids, key: 1)], sampling: Sampling(maximumTokens: 2))
            }
        }
    }

    @Test func topPKeepsTheSmallestSufficientSet() {
        // Probabilities .5, .3, .2: top-p .6 keeps the first two, top-k 1 the first.
        let logits: [Float] = [Float(0.3).logarithm(), Float(0.5).logarithm(), Float(0.2).logarithm()]
        func counts(_ sampling: Sampling) -> [Int] {
            let sampler = Sampler(vocabulary: 3)
            var random = RandomStream(key: 1)
            var counts = [0, 0, 0]
            for _ in 0..<4000 { counts[sampler.pick(logits, sampling, seen: [], random: &random).id] += 1 }
            return counts
        }
        #expect(counts(Sampling(temperature: 1, topK: 1, maximumTokens: 1)) == [0, 4000, 0])
        let nucleus = counts(Sampling(temperature: 1, topP: 0.6, maximumTokens: 1))
        #expect(nucleus[2] == 0)
        #expect(abs(Double(nucleus[0]) / 4000 - 0.375) < 0.03)
        let all = counts(Sampling(temperature: 1, maximumTokens: 1))
        #expect(abs(Double(all[2]) / 4000 - 0.2) < 0.03)
    }
}

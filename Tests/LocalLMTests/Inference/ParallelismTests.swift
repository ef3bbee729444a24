import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// Who computes what changes no bit.
@Suite struct ParallelismTests {
    private static let samplings = [
        Sampling(maximumTokens: 24), Sampling(temperature: 1, topP: 0.9, repetitionPenalty: 1.2, maximumTokens: 24),
    ]

    /// One, two and three threads, all on one batch or each on its own; fp32 and bf16.
    @Test(arguments: ModelFamily.allCases, [Precision.fp32, .bf16])
    func aTeamGivesTheBitsOfOneWorker(family: ModelFamily, precision: Precision) throws {
        let weights = TinyModels.weights(TinyModels.configuration(family), seed: 31)
        let requests = (0..<13).map {
            GenerationRequest(ids: (0...$0).map { 2 + $0 % 30 }, samples: 1 + $0 % 3, key: UInt64($0))
        }
        let rows = TinyModels.examples(9, vocabulary: 37, seed: 32, longest: 120)
        let one = InferenceEngine(weights: weights, threads: 1, precision: precision, parallelism: .workers)
        let logprobs = try one.logprobs(of: rows)
        for sampling in Self.samplings {
            let expected = try one.generate(requests, sampling: sampling)
            for (threads, choice) in [(2, Parallelism.team), (3, .team), (2, .workers)] {
                let engine = InferenceEngine(
                    weights: weights,
                    threads: threads,
                    precision: precision,
                    parallelism: choice
                )
                #expect(try engine.generate(requests, sampling: sampling) == expected)
                #expect(try engine.logprobs(of: rows) == logprobs)
                #expect(
                    try engine.generate([requests[7]], sampling: sampling)[0] == expected[7],
                    "alone as in the batch"
                )
            }
        }
        #expect(Set(logprobs.joined()).count > 50, "the comparison compares something")
    }

    /// A bf16 checkpoint gives the bits of fp32; one that is not stays fp32.
    @Test func autoChangesNoAnswer() throws {
        let weights = TinyModels.weights(TinyModels.configuration(.llama), seed: 33)
        #expect(InferenceEngine(weights: weights, threads: 1).weightFormat == .fp32)
        weights.buffer.round()
        let auto = InferenceEngine(weights: weights, threads: 1),
            full = InferenceEngine(weights: weights, threads: 1, precision: .fp32)
        #expect(auto.weightFormat == .bf16 && full.weightFormat == .fp32)
        let rows = TinyModels.examples(5, vocabulary: 37, seed: 34, longest: 60)
        #expect(try auto.logprobs(of: rows) == full.logprobs(of: rows))
    }

    /// 7 bits of mantissa in keys and values: logprobs move, but little.
    @Test(arguments: ModelFamily.allCases) func aHalfCacheMovesLogprobsLittle(family: ModelFamily) throws {
        let weights = TinyModels.weights(TinyModels.configuration(family), seed: 35)
        let rows = TinyModels.examples(6, vocabulary: 37, seed: 36, longest: 90)
        let full = try InferenceEngine(weights: weights, threads: 1).logprobs(of: rows).joined()
        let half = try InferenceEngine(weights: weights, threads: 1, cache: .bf16).logprobs(of: rows).joined()
        let differences = zip(full, half).map { abs($0 - $1) }
        #expect(differences.max()! > 0 && differences.reduce(0, +) / Float(differences.count) < 0.05)
    }

    @Test func theChoiceFollowsFromSizesAlone() {
        #expect(Parallelism.choose(panelBytes: 1 << 30, threads: 2) == .team)
        #expect(Parallelism.choose(panelBytes: 1 << 20, threads: 2) == .workers)
        #expect(Parallelism.choose(panelBytes: 1 << 30, threads: 1) == .workers)
    }

    /// Everything that one worker wrote before a barrier is read by all behind it, many times over.
    @Test func barriersSeparateWritesFromReads() {
        let pool = WorkerPool(threads: 3), places = FloatBuffer(count: 3 * 64), wrong = FloatBuffer(count: 3 * 64)
        for _ in 0..<20 {
            pool.run { worker in
                for round in 1...200 {
                    places.pointer[worker * 64] = Float(round)
                    pool.barrier()
                    for other in 0..<3 where places.pointer[other * 64] != Float(round) {
                        wrong.pointer[worker * 64] += 1
                    }
                    pool.barrier()
                }
            }
        }
        pool.close()
        #expect(wrong.values.allSatisfy { $0 == 0 })
    }
}

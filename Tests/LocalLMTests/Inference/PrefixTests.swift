import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// What many sequences begin with is computed once, and no bit of any answer shows it.
@Suite struct PrefixTests {
    private func ids(_ count: Int, seed: UInt64) -> [Int] {
        var random = RandomStream(key: seed)
        return (0..<count).map { _ in 2 + random.integer(below: 34) }
    }

    /// Two contexts, of lengths that divide nothing, in turn; prompts of both, some with several samples, some alone.
    private func requests() -> [GenerationRequest] {
        let contexts = [ids(75, seed: 1), ids(33, seed: 2)]
        return (0..<40).map { index in
            let context = index % 9 == 8 ? [] : contexts[index % 2]
            return GenerationRequest(
                ids: context + ids(1 + index % 20, seed: UInt64(10 + index)),
                samples: 1 + index % 3,
                key: UInt64(index)
            )
        }
    }

    /// What is multiplied with what is kept.
    enum Numbers: CaseIterable {
        case fp32, bf16Kept, bf16
        var precision: Precision? { self == .bf16 ? .bf16 : nil }
        var cache: Precision { self == .fp32 ? .fp32 : .bf16 }
    }

    private func engine(
        _ weights: Weights,
        _ choice: Parallelism,
        _ numbers: Numbers = .fp32,
        threads: Int = 2,
        sharing: Bool
    ) -> InferenceEngine {
        InferenceEngine(
            weights: weights,
            threads: threads,
            precision: numbers.precision,
            cache: numbers.cache,
            parallelism: choice,
            sharesPrefixes: sharing
        )
    }

    /// Families with sliding windows too, whose last tokens see nothing of the prefix.
    @Test(arguments: ModelFamily.allCases, Numbers.allCases)
    func answersWithASharedPrefixAreThoseWithout(family: ModelFamily, numbers: Numbers) throws {
        let weights = TinyModels.weights(TinyModels.configuration(family), seed: 41)
        let requests = requests(),
            plan = PrefixPlan.entries(requests.map(\.ids), limits: requests.map { $0.ids.count - 1 })
        #expect(Set(plan.map(\.shared)) == [0, 33, 75], "something is shared")
        for sampling in [
            Sampling(maximumTokens: 24), Sampling(temperature: 1, repetitionPenalty: 1.2, maximumTokens: 24),
        ] {
            let expected = try engine(weights, .workers, numbers, threads: 1, sharing: false)
                .generate(requests, sampling: sampling)
            for (choice, threads) in [(Parallelism.workers, 1), (.workers, 2), (.team, 2), (.team, 3)] {
                let shared = engine(weights, choice, numbers, threads: threads, sharing: true)
                #expect(try shared.generate(requests, sampling: sampling) == expected, "\(choice), \(threads)")
            }
        }
    }

    @Test(arguments: ModelFamily.allCases, Numbers.allCases)
    func scoresWithASharedPrefixAreThoseWithout(family: ModelFamily, numbers: Numbers) throws {
        let weights = TinyModels.weights(TinyModels.configuration(family), seed: 42)
        let prompts = [ids(90, seed: 3), ids(40, seed: 4)]
        let examples = (0..<24).map { index in
            let prompt = prompts[index % 2]
            return Example(ids: prompt + ids(1 + index % 7, seed: UInt64(100 + index)), promptCount: prompt.count)
        }
        let expected = try engine(weights, .team, numbers, sharing: false).logprobs(of: examples)
        for choice in [Parallelism.team, .workers] {
            #expect(try engine(weights, choice, numbers, sharing: true).logprobs(of: examples) == expected)
        }
        #expect(Set(expected.joined()).count > 50, "the comparison compares something")
    }

    /// Many samples of one prompt are several prompts with the same ids: all but their last token is shared.
    @Test func samplesInSeveralBatchesShareTheirPrompt() throws {
        let weights = TinyModels.weights(TinyModels.configuration(), seed: 43)
        let request = [GenerationRequest(ids: ids(140, seed: 5), samples: 200, key: 1)]
        let sampling = Sampling(temperature: 1, maximumTokens: 8)
        let expected = try engine(weights, .team, sharing: false).generate(request, sampling: sampling)
        #expect(
            try engine(weights, .team, sharing: true).generate(request, sampling: sampling) == expected
        )
    }

    @Test func progressCountsEverySequenceOnce() throws {
        let weights = TinyModels.weights(TinyModels.configuration(), seed: 44)
        let requests = requests()
        let told = Told()
        _ = try engine(weights, .workers, sharing: true)
            .generate(requests, sampling: Sampling(maximumTokens: 4)) { told.counts.append($0) }
        #expect(told.counts == Array(1...requests.reduce(0) { $0 + $1.samples }))
    }

    /// Written by one call at a time.
    private final class Told: @unchecked Sendable { var counts: [Int] = [] }
}

@Suite struct PrefixPlanTests {
    /// Sequences that begin with `context` and end in a token of their own.
    private func sequences(_ count: Int, after context: [Int], from token: Int) -> [[Int]] {
        (0..<count).map { context + [token + $0] }
    }

    private func plan(_ sequences: [[Int]]) -> [PrefixPlan.Entry] {
        PrefixPlan.entries(sequences, limits: sequences.map { $0.count - 1 })
    }

    @Test func theGroupsThatSaveMostAreChosen() {
        // A system message for all, and examples for each of two tasks: each task's are worth more than what all share.
        let system = Array(repeating: 1, count: 50)
        let a = system + Array(repeating: 2, count: 100), b = system + Array(repeating: 3, count: 70)
        let mixed = zip(sequences(10, after: a, from: 10), sequences(10, after: b, from: 10)).flatMap { [$0, $1] }
        let entries = plan(mixed)
        #expect(entries.map(\.index) == Array(stride(from: 0, to: 20, by: 2)) + Array(stride(from: 1, to: 20, by: 2)))
        #expect(entries.map(\.shared) == Array(repeating: 150, count: 10) + Array(repeating: 120, count: 10))
        // Three prompts of a template of their own within a task do not leave it.
        let close = sequences(20, after: a, from: 10) + sequences(3, after: a + [4, 5], from: 10)
        #expect(plan(close).allSatisfy { $0.shared == 150 })
    }

    @Test func whatSavesLittleIsComputedAlone() {
        #expect(plan(sequences(5, after: [1, 2, 3], from: 10)) == (0..<5).map { .init(index: $0, shared: 0) })
        #expect(plan([]) == [] && plan([[1]]) == [.init(index: 0, shared: 0)])
        let long = Array(repeating: 1, count: PrefixPlan.least)
        #expect(plan([long + [2], [9], long + [3]]).map(\.shared) == [long.count, long.count, 0])
        #expect(plan([long + [2], [9], long + [3]]).map(\.index) == [0, 2, 1])
    }

    /// Every sequence once, none shares more than it may, and no less is saved than by one group of all.
    @Test(arguments: 0..<20) func aPlanIsSound(seed: Int) {
        var random = RandomStream(key: UInt64(seed))
        let sequences = (0..<60).map { _ in
            (0..<(81 + random.integer(below: 40))).map { $0 < 60 ? 1 : 1 + random.integer(below: 2) }
        }
        let limits = sequences.map { $0.count - 1 - random.integer(below: 15) }
        let entries = PrefixPlan.entries(sequences, limits: limits)
        #expect(entries.map(\.index).sorted() == Array(0..<60))
        #expect(entries.allSatisfy { $0.shared <= limits[$0.index] })
        let saved = zip(entries, entries.dropFirst()).reduce(0) { sum, pair in
            let (before, entry) = pair
            let isSame =
                entry.shared == before.shared
                && sequences[entry.index].prefix(entry.shared) == sequences[before.index].prefix(before.shared)
            return sum + (isSame ? entry.shared : 0)
        }
        #expect(saved >= 59 * 60)
    }
}

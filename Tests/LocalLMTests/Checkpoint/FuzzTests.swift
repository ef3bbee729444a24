import Foundation
import TestSupport
import Testing

@testable import FuzzTargets
@testable import LocalLM
@testable import ModelFiles

/// A few seconds of what `make fuzz` does for long: mutated files are refused, or keep their promises.
@Suite struct FuzzTests {
    /// The least share of inputs, in percent, that must be accepted: a fuzzer whose inputs all fail at once tests
    /// nothing.
    @Test(arguments: [
        ("safetensors", 20), ("shards", 10), ("config", 15), ("jsonl", 30), ("tokenizer", 3), ("template", 3),
        ("gguf", 15), ("archive", 10), ("panels", 20),
    ])
    func mutatedFilesAreRefusedOrKeepTheirPromises(name: String, share: Int) throws {
        let target = try #require(FuzzTargets.named(name)), count = 1500
        try withTemporaryDirectory { folder in
            let fuzzer = try Fuzzer(target, seed: 2, folder: folder)
            var accepted = 0
            for number in 0..<count {
                switch fuzzer.run(number).outcome {
                case .accepted: accepted += 1
                case .fault(let what): Issue.record("\(name), seed 2, input \(number): \(what)")
                case .refused, .unreadable: break
                }
            }
            #expect(accepted * 100 >= share * count, "\(accepted) of \(count) accepted")
        }
    }

    @Test(arguments: FuzzTargets.all.map { $0.name }) func anInputDependsOnSeedAndNumberAlone(name: String) throws {
        let target = try #require(FuzzTargets.named(name))
        func inputs(_ seed: UInt64, _ numbers: [Int]) throws -> [FuzzInput] {
            try withTemporaryDirectory { folder in
                let fuzzer = try Fuzzer(target, seed: seed, folder: folder)
                return numbers.map { fuzzer.input($0) }
            }
        }
        #expect(try inputs(3, [5, 6, 7]) == inputs(3, [7, 6, 5]).reversed())
        #expect(try inputs(3, Array(0..<20)) != inputs(4, Array(0..<20)))
    }

    /// A reader that is wrong in each of the ways that count.
    private struct WrongTarget: FuzzTarget {
        static let name = "wrong"
        init(folder: URL) throws {}
        func input(_ random: inout RandomStream) -> FuzzInput { [[UInt8(random.integer(below: 5))]] }
        func read(_ input: FuzzInput) throws {
            switch input[0][0] {
            case 0: throw FuzzFault("a promise broken")
            case 1: throw CancellationError()
            case 2: throw LocalLMError(.damaged, "")
            case 3:
                let start = Fuzzer.processorSeconds()
                while Fuzzer.processorSeconds() - start < Fuzzer.longestSeconds {}
            default: return
            }
        }
    }

    @Test func brokenPromisesForeignErrorsAndHangsAreFaults() throws {
        try withTemporaryDirectory { folder in
            let fuzzer = try Fuzzer(WrongTarget.self, seed: 1, folder: folder)
            var found: [UInt8: Fuzzer.Outcome] = [:]
            for number in 0..<100 {
                let input = fuzzer.input(number)[0][0]
                if found[input] == nil { found[input] = fuzzer.run(number).outcome }
            }
            #expect(found[4] == .accepted)
            for input in UInt8(0)...3 {
                guard case .fault = found[input] else {
                    Issue.record("input \(input) is \(String(describing: found[input]))")
                    continue
                }
            }
        }
    }
}

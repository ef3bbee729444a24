import Foundation
import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// A run that is kept, dropped and taken up again by a fresh trainer ends with the bytes of one that was never cut off.
@Suite struct TrainingSnapshotTests {
    private let c = TinyModels.configuration()
    private var rows: [Example] { TinyModels.examples(12, vocabulary: c.vocabularySize, seed: 31, longest: 40) }

    private func settings(_ optimizer: OptimizationSettings.Optimizer) -> OptimizationSettings {
        OptimizationSettings(
            optimizer: optimizer,
            learningRate: 1e-2,
            schedule: .cosine,
            warmupSteps: 2,
            totalSteps: 6,
            weightDecay: 0.01
        )
    }

    /// - Parameter make: makes a trainer of these weights, and how it does a step by its index.
    private func check(_ make: (Weights) throws -> (any Trainer, (Int) throws -> TrainingStep)) throws {
        try withTemporaryDirectory { folder in
            let start = TinyModels.weights(c, seed: 30)
            let whole = start.copy()
            let (_, step) = try make(whole)
            let log = try (0..<6).map(step)
            let snapshot = TrainingSnapshot(
                directory: folder.appendingPathComponent("training"),
                name: "run",
                identity: "one"
            )
            for cut in [1, 3, 5] {
                let (trainer, step) = try make(start.copy())
                #expect(try snapshot.restore(trainer.run).isEmpty, "nothing is kept")
                let before = try (0..<cut).map(step)
                try snapshot.save(trainer.run, log: before)
                let weights = TinyModels.weights(c, seed: 99)
                let (fresh, go) = try make(weights)
                let kept = try snapshot.restore(fresh.run)
                #expect(kept == before)
                #expect(try kept + (cut..<6).map(go) == log, "cut after \(cut)")
                #expect(weights.buffer.values == whole.buffer.values, "cut after \(cut)")
                try snapshot.remove()
            }
        }
    }

    @Test(arguments: OptimizationSettings.Optimizer.allCases) func sft(optimizer: OptimizationSettings.Optimizer) throws
    {
        try check { weights in
            let trainer = try SFTTrainer(weights: weights, settings: settings(optimizer), threads: 2)
            return (trainer, { try trainer.step(Array(rows[(2 * $0)..<(2 * $0 + 2)])) })
        }
    }

    @Test func sftInBFloat16() throws {
        try check { weights in
            let trainer = try SFTTrainer(weights: weights, settings: settings(.adamW), precision: .bf16, threads: 2)
            return (trainer, { try trainer.step(Array(rows[(2 * $0)..<(2 * $0 + 2)])) })
        }
    }

    @Test func dpo() throws {
        let pairs = stride(from: 0, to: 12, by: 2).map { index in
            ReferencedPair(
                pair: PreferenceExample(chosen: rows[index], rejected: rows[index + 1]),
                referenceChosen: -20,
                referenceRejected: -21
            )
        }
        try check { weights in
            let trainer = try DPOTrainer(weights: weights, settings: settings(.adamW), beta: 0.1, threads: 2)
            return (trainer, { try trainer.step([pairs[$0]]) })
        }
    }

    @Test(arguments: [Precision.fp32, .bf16]) func dpoWithASharedPrompt(precision: Precision) throws {
        let pairs = stride(from: 0, to: 12, by: 2).map { index in
            let prompt = [Int](3..<23)
            func completed(_ row: Example) -> Example { Example(ids: prompt + row.ids, promptCount: prompt.count) }
            return ReferencedPair(
                pair: PreferenceExample(chosen: completed(rows[index]), rejected: completed(rows[index + 1])),
                referenceChosen: -20,
                referenceRejected: -21
            )
        }
        #expect(pairs[0].pair.sharedCount == 19)
        try check { weights in
            let trainer = try DPOTrainer(
                weights: weights,
                settings: settings(.adamW),
                beta: 0.1,
                precision: precision,
                threads: 2
            )
            trainer.sharesPrompts = true
            return (trainer, { try trainer.step([pairs[$0]]) })
        }
    }

    @Test func anAdapterWithDropout() throws {
        try checkAdapter {
            try SFTTrainer(
                weights: TinyModels.weights(c, seed: 30),
                adapter: $0,
                settings: settings(.adamW),
                threads: 2
            )
        } step: {
            try $0.step(Array(rows[(2 * $1)..<(2 * $1 + 2)]))
        }
    }

    @Test func anAdapterInDPO() throws {
        try checkAdapter {
            try DPOTrainer(
                weights: TinyModels.weights(c, seed: 30),
                adapter: $0,
                settings: settings(.adamW),
                beta: 0.1,
                threads: 2
            )
        } step: {
            let pair = PreferenceExample(chosen: rows[2 * $1], rejected: rows[2 * $1 + 1])
            return try $0.step([ReferencedPair(pair: pair, referenceChosen: -20, referenceRejected: -21)])
        }
    }

    private func checkAdapter<T: Trainer>(_ make: (Adapter) throws -> T, step: (T, Int) throws -> TrainingStep) throws {
        try withTemporaryDirectory { folder in
            func adapter() throws -> Adapter {
                try Adapter(LoRASettings(rank: 3, alpha: 6, dropout: 0.2), for: c, seed: 40)
            }
            let whole = try adapter(), uncut = try make(whole)
            let log = try (0..<6).map { try step(uncut, $0) }
            let snapshot = TrainingSnapshot(directory: folder, name: "run", identity: "one")
            let cutOff = try make(try adapter())
            try snapshot.save(cutOff.run, log: try (0..<3).map { try step(cutOff, $0) })
            let resumed = try adapter(), fresh = try make(resumed)
            let kept = try snapshot.restore(fresh.run)
            #expect(try kept + (3..<6).map { try step(fresh, $0) } == log)
            #expect(resumed.buffer.values == whole.buffer.values)
        }
    }

    @Test func anothersOrADamagedFileIsNotUsed() throws {
        try withTemporaryDirectory { folder in
            func trainer() throws -> SFTTrainer {
                try SFTTrainer(weights: TinyModels.weights(c, seed: 30), settings: settings(.muon), threads: 1)
            }
            let snapshot = TrainingSnapshot(directory: folder, name: "run", identity: "one")
            let first = try trainer()
            var log: [TrainingStep] = []
            for _ in 0..<2 {
                log.append(try first.step(rows))
                try snapshot.save(first.run, log: log)
            }
            #expect(
                try TrainingSnapshot(directory: folder, name: "run", identity: "two").restore(trainer().run).isEmpty
            )
            #expect(
                try TrainingSnapshot(directory: folder, name: "other", identity: "one").restore(trainer().run).isEmpty
            )
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(files.count == 1, "the one before is gone: \(files)")
            let file = folder.appendingPathComponent(files[0])
            var bytes = try Data(contentsOf: file)
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: file)
            let fresh = try trainer(), before = try fresh.run.engine.weights.single().buffer.values
            #expect { try snapshot.restore(fresh.run) } throws: {
                ($0 as? LocalLMError)?.code == .damaged && "\($0)".contains(files[0])
            }
            #expect(try fresh.run.engine.weights.single().buffer.values == before)
        }
    }
}

import Foundation
import LocalLM
import ModelFiles
import TestSupport
import Testing

@testable import SelfImprove

/// Which model DPO refers to.
@Suite struct DPOReferenceTests {
    private func checkpoint(seed: UInt64) throws -> Checkpoint {
        let spelling = try TinyModels.spelling()
        return spelling.replacing(TinyModels.weights(spelling.configuration, seed: seed))
    }

    private let rows = (0..<6).map { n in
        func says(_ text: String) -> [Message] { [Message(role: "assistant", content: text)] }
        return PreferenceRow(
            prompt: [Message(role: "user", content: "say \(n)")],
            chosen: says("\(n)"),
            rejected: says("\(n + 1) no")
        )
    }

    private func trained(_ files: FileStore, _ base: String, _ reference: String?, _ tuning: FineTuningSettings)
        async throws -> (model: String, loss: Double)
    {
        let job = TrainingJob(
            base: base,
            dataset: try files.write(dataset: JSONLines.encode(rows)),
            method: .dpo(beta: 0.1, nllWeight: 0),
            reference: reference,
            optimizer: .adamW,
            learningRate: 0.001,
            schedule: .constant,
            weightDecay: 0,
            batches: .byRows(count: 3, accumulation: 1, steps: 4, isShuffled: false),
            tuning: tuning,
            seed: 1,
            threads: 2
        )
        let outcome = try await LocalWorkplace(files: files, snapshotInterval: .seconds(60)).train(
            job,
            for: StepKey(campaign: "c", round: 1, step: .dpo),
            progress: StepProgress()
        )
        guard case .made(let model, let report) = outcome else {
            throw SelfImproveError(.failed, "\(outcome)")
        }
        #expect(try JSONText(report).text.contains("\"reference\"") == (reference != nil), "the lineage names it")
        return (model, report.firstLoss)
    }

    /// The reference's logprobs are those of training's own forward pass: where it is the base, not a bit differs.
    @Test(arguments: [nil, LoRASettings(rank: 2, alpha: 4)]) func aReferenceThatIsTheBaseChangesNothing(
        lora: LoRASettings?
    ) async throws {
        try await withTemporaryDirectory { folder in
            let files = FileStore(root: folder)
            let base = try files.store(checkpoint(seed: 1)), other = try files.store(checkpoint(seed: 2))
            var tuning = FineTuningSettings()
            tuning.lora = lora
            let plain = try await trained(files, base, nil, tuning)
            let named = try await trained(files, base, base, tuning)
            #expect(named.model == plain.model && plain.loss == named.loss)
            let held = try await trained(files, base, other, tuning)
            #expect(held.model != plain.model && held.loss != plain.loss, "another model's logprobs")
        }
    }
}

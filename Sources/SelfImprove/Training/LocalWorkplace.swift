import Foundation
import LocalLM
import ModelFiles

/// Trains on this machine, on a thread of its own, with snapshots from which a cut-off step resumes.
public struct LocalWorkplace: Workplace {
    private let files: FileStore
    private let interval: Duration

    /// - Parameter interval: between the snapshots of a running training (see `ResumableTraining`).
    public init(files: FileStore, snapshotInterval interval: Duration) {
        self.files = files
        self.interval = interval
    }

    private func checkpoints(_ step: StepKey) -> TrainingCheckpoints {
        TrainingCheckpoints(directory: files.trainingDirectory(step), interval: interval)
    }

    public func train(_ job: TrainingJob, for step: StepKey, progress: StepProgress) async throws -> TrainingOutcome {
        let training = checkpoints(step).training(step.step.rawValue, identity: [try job.identity()])
        do {
            return try await Computation.run(step.step.rawValue) { cancellation in
                progress.report(done: 0, total: 1, unit: "models", note: "loading")
                let base = try files.load(model: job.base).timeless
                let rows = try files.read(dataset: job.dataset), name = "the rows of \(step)"
                let data: TrainingData =
                    switch job.method {
                    case .sft: .supervised(try JSONLines.decode(SFTRow.self, rows, name: name))
                    case .dpo: .preferences(try JSONLines.decode(PreferenceRow.self, rows, name: name))
                    }
                let adapter = try job.adapter.map { try Adapter($0, for: base.configuration, seed: job.seed) }
                let reference = try job.reference.map { try files.load(model: $0).timeless }
                let loop = try TrainingLoop(job, base: base, adapter: adapter, reference: reference, data: data)
                let steps = loop.steps
                var (parameters, report) = try loop.run(training, cancellation) { pairs in
                    progress.report(done: 0, total: steps, unit: "steps", note: "reference: \(pairs) pairs")
                } report: { log in
                    progress.report(
                        done: log.count,
                        total: steps,
                        unit: "steps",
                        note: log.last.map { "loss \(($0.loss * 1000).rounded() / 1000)" }
                    )
                }
                if let adapter {
                    report.adapter = try files.store(adapter, base: job.base)
                }
                let made = try files.store(
                    base.replacing(parameters),
                    as: job.storage ?? base.storage,
                    merging: adapter
                )
                return .made(made, report)
            }
        } catch let failure as TrainingFailure {
            return .failed(failure.words.message)
        }
    }

    public func train(_ nursery: Nursery, for step: StepKey, progress: StepProgress) async throws -> [String: String] {
        let models = try await nursery.train(checkpoints: checkpoints(step), progress: progress)
        return try await Computation.run("storing the nursery") { _ in
            try models.mapValues { try files.store($0) }
        }
    }
}

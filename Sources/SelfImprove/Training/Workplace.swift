import Foundation

/// Where training happens. `LocalWorkplace` trains on this machine; tests script theirs.
public protocol Workplace: Sendable {
    /// Trains, and puts the model where the catalog finds it.
    /// - Parameter step: the step that it is done for: what was cut off is resumed by the same step.
    /// - Throws: everything but what `TrainingOutcome` has a case for.
    func train(_ job: TrainingJob, for step: StepKey, progress: StepProgress) async throws -> TrainingOutcome
    /// Trains the models of a nursery.
    /// - Returns: a digest by name.
    func train(_ nursery: Nursery, for step: StepKey, progress: StepProgress) async throws -> [String: String]
}

/// How a training ended.
public enum TrainingOutcome: Sendable {
    /// The digest of the model, and what training did.
    case made(String, TrainingReport)
    /// It diverged, or there was nothing to train on; in words.
    case failed(String)
}

/// Datasets by digest: the rows that models are trained on, and held-out sets.
public protocol DatasetStore: Sendable {
    /// - Returns: the digest of the bytes.
    func write(dataset: Data) throws -> String
    /// - Throws: `.damaged` where the bytes are not those of the digest, `.notFound`.
    func read(dataset digest: String) throws -> Data
}

extension FileStore: DatasetStore {}

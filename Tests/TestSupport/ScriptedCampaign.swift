import Foundation
import LocalLM
import SelfImprove
import Synchronization

/// Models by digest: each answers as its digest says.
public struct ScriptedCatalog: ModelCatalog {
    private let models: @Sendable (_ digest: String, _ name: String) -> ScriptedModel

    public init(_ models: @escaping @Sendable (_ digest: String, _ name: String) -> ScriptedModel) {
        self.models = models
    }

    public func chatModel(_ digest: String, name: String, weights: WeightFormat?) -> any ChatModel {
        models(digest, name)
    }
    public func chatModel(_ endpoint: EndpointSettings, name: String) -> any ChatModel { models(name, name) }
    public func likelihoodModel(_ digest: String, name: String, weights: WeightFormat?) -> any LikelihoodModel {
        models(digest, name)
    }
    public func adopt(directory: String, as precision: Precision?) -> String {
        "adopted \(URL(fileURLWithPath: directory).lastPathComponent)"
    }
    public func holds(_ digest: String) -> Bool { true }
}

/// Makes models by name alone, and remembers the jobs.
public final class ScriptedWorkplace: Workplace {
    private let result: @Sendable (TrainingJob, StepKey) -> TrainingOutcome
    private let done = Mutex<[TrainingJob]>([])

    public init(_ result: @escaping @Sendable (TrainingJob, StepKey) -> TrainingOutcome) { self.result = result }

    public var jobs: [TrainingJob] { done.withLock { $0 } }

    public func train(_ job: TrainingJob, for step: StepKey, progress: StepProgress) -> TrainingOutcome {
        done.withLock { $0.append(job) }
        return result(job, step)
    }

    public func train(_ nursery: Nursery, for step: StepKey, progress: StepProgress) -> [String: String] {
        Dictionary(uniqueKeysWithValues: Nursery.modelNames(nursery.configuration.kind).map { ($0, "nursery \($0)") })
    }
}

/// Datasets in memory.
public final class MemoryDatasets: DatasetStore {
    private let bytes = Mutex<[String: Data]>([:])

    public init() {}

    public func write(dataset: Data) -> String {
        let digest = ContentDigest.sha256(dataset)
        bytes.withLock { $0[digest] = dataset }
        return digest
    }

    public func read(dataset digest: String) throws -> Data {
        guard let found = bytes.withLock({ $0[digest] }) else {
            throw SelfImproveError(.notFound, "no such dataset", context: digest)
        }
        return found
    }
}

import Foundation
import LocalLM

/// The models of a state directory: loaded once, verified whenever they are loaded, on a thread of their own.
/// Weights are shared between those who use them.
public actor LocalCatalog: ModelCatalog {
    private nonisolated let files: FileStore
    private let threads: Int
    /// A model, and how its weights are held.
    private struct Key: Hashable {
        var digest: String
        var weights: WeightFormat?
    }

    /// Models in memory and those that are being loaded.
    private var models: [Key: Task<LocalModel, any Error>] = [:]
    /// In the order of their last use.
    private var recency: [Key] = []
    /// Bytes of the models in memory.
    private var sizes: [Key: Int] = [:]
    private let capacity: Int
    /// For models behind endpoints; nil: there are none.
    private let endpoints: EndpointCatalog?

    /// - Parameter capacity: bytes of models that stay in memory while nobody uses them; nil: an eighth of what the
    ///   machine has to give, so that training, which takes the rest, always finds it.
    public init(files: FileStore, threads: Int, capacity: Int? = nil, endpoints: EndpointCatalog? = nil) {
        self.endpoints = endpoints
        self.files = files
        self.threads = threads
        self.capacity = capacity ?? (TrainingMemory.capacity() ?? 8 << 30) / 8
    }

    public func chatModel(_ digest: String, name: String, weights: WeightFormat?) async throws -> any ChatModel {
        try await model(Key(digest: digest, weights: weights), name: name)
    }

    public func chatModel(_ endpoint: EndpointSettings, name: String) async throws -> any ChatModel {
        guard let endpoints else {
            throw SelfImproveError(.configuration, "there are no endpoints here", context: name)
        }
        return try endpoints.model(endpoint)
    }

    public func likelihoodModel(_ digest: String, name: String, weights: WeightFormat?) async throws
        -> any LikelihoodModel
    {
        try await model(Key(digest: digest, weights: weights), name: name)
    }

    private func model(_ key: Key, name: String) async throws -> LocalModel {
        recency.removeAll { $0 == key }
        recency.append(key)
        let loading = models[key] ?? load(key, name: name)
        models[key] = loading
        do {
            let model = try await loading.value
            if models[key] != nil { sizes[key] = model.bytes }
            forget()
            return model
        } catch {
            models[key] = nil
            throw error
        }
    }

    /// Lets go of what was not used for the longest time, down to the capacity; the latest stays.
    private func forget() {
        while recency.count > 1, sizes.values.reduce(0, +) > capacity {
            let oldest = recency.removeFirst()
            models[oldest] = nil
            sizes[oldest] = nil
        }
    }

    private func load(_ key: Key, name: String) -> Task<LocalModel, any Error> {
        let files = files, threads = threads
        return Task {
            try await Computation.run("loading \(name)") { _ in
                try LocalModel(
                    name: name,
                    digest: key.digest,
                    checkpoint: files.load(model: key.digest).timeless,
                    weights: key.weights,
                    threads: threads
                )
            }
        }
    }

    public func adopt(directory: String, as precision: Precision?) async throws -> String {
        let files = files
        return try await Computation.run("adopting \(directory)") { _ in
            let model = try Checkpoint.load(URL(fileURLWithPath: directory))
            return try files.store(model, as: precision ?? model.storage)
        }
    }

    public nonisolated func holds(_ digest: String) -> Bool {
        FileManager.default.fileExists(atPath: files.modelDirectory(digest).path)
    }
}

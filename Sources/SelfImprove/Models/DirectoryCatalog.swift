import Foundation
import LocalLM
import ModelFiles

/// Models where they lie, outside of any state directory: they go by their paths in place of digests. Each is loaded
/// once, and stays.
actor DirectoryCatalog: ModelCatalog {
    private let threads: Int
    private let endpoints: EndpointCatalog
    private struct Key: Hashable {
        var path: String
        var weights: WeightFormat?
    }
    private var models: [Key: Task<LocalModel, any Error>] = [:]

    init(threads: Int, endpoints: EndpointCatalog) {
        self.threads = threads
        self.endpoints = endpoints
    }

    func chatModel(_ path: String, name: String, weights: WeightFormat?) async throws -> any ChatModel {
        try await model(Key(path: path, weights: weights), name)
    }
    func likelihoodModel(_ path: String, name: String, weights: WeightFormat?) async throws -> any LikelihoodModel {
        try await model(Key(path: path, weights: weights), name)
    }
    func chatModel(_ endpoint: EndpointSettings, name: String) async throws -> any ChatModel {
        try endpoints.model(endpoint)
    }

    private func model(_ key: Key, _ name: String) async throws -> LocalModel {
        if let known = models[key] { return try await known.value }
        let threads = threads
        let loading = Task {
            try await Computation.run("loading \(name)") { _ in
                try LocalModel(
                    name: name,
                    digest: key.path,
                    checkpoint: Checkpoint.load(URL(fileURLWithPath: key.path)).timeless,
                    weights: key.weights,
                    threads: threads
                )
            }
        }
        models[key] = loading
        return try await loading.value
    }

    func adopt(directory: String, as precision: Precision?) -> String { directory }
    nonisolated func holds(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}

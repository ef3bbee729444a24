import Foundation
import LocalLM
import ModelFiles

/// Models where they lie, outside of any state directory: they go by their paths in place of digests. Each is loaded
/// once, and stays.
actor DirectoryCatalog: ModelCatalog {
    private let threads: Int
    private let endpoints: EndpointCatalog
    private var models: [String: Task<LocalModel, any Error>] = [:]

    init(threads: Int, endpoints: EndpointCatalog) {
        self.threads = threads
        self.endpoints = endpoints
    }

    func chatModel(_ path: String, name: String) async throws -> any ChatModel { try await model(path, name) }
    func likelihoodModel(_ path: String, name: String) async throws -> any LikelihoodModel {
        try await model(path, name)
    }
    func chatModel(_ endpoint: EndpointSettings, name: String) async throws -> any ChatModel {
        try endpoints.model(endpoint)
    }

    private func model(_ path: String, _ name: String) async throws -> LocalModel {
        if let known = models[path] { return try await known.value }
        let threads = threads
        let loading = Task {
            try await Computation.run("loading \(name)") { _ in
                try LocalModel(
                    name: name,
                    digest: path,
                    checkpoint: Checkpoint.load(URL(fileURLWithPath: path)).timeless,
                    threads: threads
                )
            }
        }
        models[path] = loading
        return try await loading.value
    }

    func adopt(directory: String, as precision: Precision?) -> String { directory }
    nonisolated func holds(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}

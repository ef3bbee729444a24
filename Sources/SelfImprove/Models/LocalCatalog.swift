import Foundation
import LocalLM

/// The models of a state directory: loaded once, verified whenever they are loaded, on a thread of their own.
/// Weights are shared between those who use them.
public actor LocalCatalog: ModelCatalog {
    private nonisolated let files: FileStore
    private let threads: Int
    /// Models in memory and those that are being loaded, by digest.
    private var models: [String: Task<LocalModel, any Error>] = [:]
    /// Digests in the order of their last use.
    private var recency: [String] = []
    private let capacity: Int

    /// - Parameter capacity: how many models stay in memory.
    public init(files: FileStore, threads: Int, capacity: Int = 12) {
        self.files = files
        self.threads = threads
        self.capacity = capacity
    }

    public func chatModel(_ digest: String, name: String) async throws -> any ChatModel {
        try await model(digest, name: name)
    }

    public func likelihoodModel(_ digest: String, name: String) async throws -> any LikelihoodModel {
        try await model(digest, name: name)
    }

    private func model(_ digest: String, name: String) async throws -> LocalModel {
        recency.removeAll { $0 == digest }
        recency.append(digest)
        let loading = models[digest] ?? load(digest, name: name)
        models[digest] = loading
        while recency.count > capacity { models[recency.removeFirst()] = nil }
        do { return try await loading.value } catch {
            models[digest] = nil
            throw error
        }
    }

    private func load(_ digest: String, name: String) -> Task<LocalModel, any Error> {
        let files = files, threads = threads
        return Task {
            try await Computation.run("loading \(name)") { _ in
                try LocalModel(name: name, digest: digest, checkpoint: files.load(model: digest), threads: threads)
            }
        }
    }

    public func adopt(directory: String) async throws -> String {
        let files = files
        return try await Computation.run("adopting \(directory)") { _ in
            try files.store(Checkpoint.load(URL(fileURLWithPath: directory)))
        }
    }

    public nonisolated func holds(_ digest: String) -> Bool {
        FileManager.default.fileExists(atPath: files.modelDirectory(digest).path)
    }
}

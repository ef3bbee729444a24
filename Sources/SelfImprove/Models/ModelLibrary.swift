/// Models by digest, loaded once (under the name they were first asked for), verified whenever they are loaded. Weights are shared between those who use them.
public actor ModelLibrary {
    private let files: FileStore
    private let threads: Int
    private var models: [String: LocalModel] = [:]
    /// Digests in the order of their last use.
    private var recency: [String] = []
    private let capacity: Int

    /// - Parameter capacity: how many models stay in memory.
    public init(files: FileStore, threads: Int, capacity: Int = 12) {
        self.files = files
        self.threads = threads
        self.capacity = capacity
    }

    /// - Throws: `damaged` where the model's bytes are not what its digest says.
    public func model(_ digest: String, name: String) throws -> LocalModel {
        recency.removeAll { $0 == digest }
        recency.append(digest)
        if let known = models[digest] { return known }
        let model = try LocalModel(name: name, digest: digest, checkpoint: files.load(model: digest), threads: threads)
        models[digest] = model
        while recency.count > capacity { models[recency.removeFirst()] = nil }
        return model
    }
}

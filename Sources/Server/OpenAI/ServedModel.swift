import LocalLM

/// A model that answers over HTTP.
final class ServedModel: Sendable {
    let checkpoint: Checkpoint
    let engine: ServingEngine
    /// Its name for clients.
    let id: String

    /// Packs the weights, which takes as long as reading them.
    init(id: String, checkpoint: Checkpoint, threads: Int, isBackground: Bool) {
        self.id = id
        self.checkpoint = checkpoint
        engine = ServingEngine(weights: checkpoint.weights, threads: threads, isBackground: isBackground)
    }

    deinit { engine.close() }
}

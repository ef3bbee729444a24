import LocalLM

/// A model that answers over HTTP.
final class ServedModel: Sendable {
    let checkpoint: Checkpoint
    let engine: ServingEngine
    /// What clients call it.
    let id: String

    init(id: String, checkpoint: Checkpoint, threads: Int, isBackground: Bool) {
        self.id = id
        self.checkpoint = checkpoint
        engine = ServingEngine(weights: checkpoint.weights, threads: threads, isBackground: isBackground)
    }

    deinit { engine.close() }
}

import LocalLM

/// A model that answers over HTTP.
final class ServedModel: Sendable {
    let checkpoint: Checkpoint
    let engine: ServingEngine
    /// Its name for clients.
    let id: String

    /// Packs the weights, which takes as long as reading them.
    /// - Throws: as `ServingEngine`.
    init(id: String, checkpoint: Checkpoint, threads: Int, isBackground: Bool) throws {
        self.id = id
        self.checkpoint = checkpoint
        engine = try ServingEngine(
            checkpoint,
            threads: threads,
            isBackground: isBackground,
            keepsPanels: !isBackground
        )
    }

    deinit { engine.close() }
}

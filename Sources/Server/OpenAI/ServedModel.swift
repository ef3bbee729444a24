import LocalLM

/// A model that answers over HTTP.
final class ServedModel: Sendable {
    let checkpoint: Checkpoint
    let engine: ServingEngine
    /// Its name for clients.
    let id: String

    /// Packs the weights, which takes as long as reading them.
    /// - Parameter weights: how they are held; nil: as they came.
    /// - Throws: as `ServingEngine`.
    init(id: String, checkpoint: Checkpoint, weights: WeightFormat? = nil, threads: Int, isBackground: Bool) throws {
        self.id = id
        self.checkpoint = checkpoint
        engine = try ServingEngine(
            checkpoint,
            threads: threads,
            isBackground: isBackground,
            format: weights,
            keepsPanels: !isBackground
        )
    }

    deinit { engine.close() }
}

import LocalLM
import ModelFiles

/// What a step of a stage takes of this machine's memory, and how it is made to fit.
public struct PlannedTraining: Sendable, Equatable, Encodable {
    public var stage: Stage
    public var precision: Precision
    /// Parameters of the adapter; nil where the weights are trained.
    public var adapterParameters: Int?
    /// Tokens that pass through the model at once.
    public var microBatchTokens: Int
    /// Micro-batches of a step.
    public var microBatches: Int
    public var usesGradientCheckpointing: Bool
    public var bytes: Int
    /// What training may take; nil where the system does not tell.
    public var capacity: Int?

    public var fits: Bool { capacity.map { bytes <= $0 } ?? true }

    /// - Parameters:
    ///   - batchTokens: of one optimizer step.
    ///   - rowTokens: of one sequence, the longest that is expected; a pair is two of them.
    ///   - targetTokens: of them those of the answer.
    ///   - reference: bytes of another model that is held beside the one that is trained.
    ///   - capacity: bytes that training may take.
    init(
        _ stage: Stage,
        _ tuning: FineTuningSettings,
        optimizer: OptimizationSettings.Optimizer,
        batchTokens: Int,
        rowTokens: Int,
        targetTokens: Int,
        _ c: ModelConfiguration,
        threads: Int,
        reference: Int = 0,
        capacity: Int? = TrainingLoop.capacity
    ) throws {
        let sequences = stage == .sft ? 1 : 2, length = rowTokens * sequences
        let rows = max(1, batchTokens / length), precision = tuning.precision.training
        let fit = try TrainingFit.choose(
            batches: [Array(0..<rows)],
            lengths: [Int](repeating: length, count: rows),
            microBatchTokens: tuning.microBatchTokens,
            activations: tuning.gradientCheckpointing == .on ? .checkpoint : nil,
            mayCheckpoint: tuning.gradientCheckpointing == .auto,
            capacity: capacity.map { $0 - reference } ?? .max
        ) { parts, activations in
            let largest = parts.map(\.count).max() ?? 1
            return try TrainingMemory(
                c,
                adapter: tuning.lora,
                optimizer: optimizer,
                precision: precision,
                threads: threads,
                tokens: largest * length,
                targets: largest * targetTokens * sequences,
                longest: rowTokens,
                memory: activations
            )
        }
        let micro = max(1, min(rows, (fit.microBatchTokens ?? .max) / length))
        self.stage = stage
        self.precision = precision
        adapterParameters = try tuning.lora.map { try Adapter($0, for: c, seed: 0).parameterCount }
        microBatchTokens = micro * length
        microBatches = (rows + micro - 1) / micro
        usesGradientCheckpointing = fit.activations == .checkpoint
        bytes = fit.memory.total + reference
        self.capacity = capacity
    }
}

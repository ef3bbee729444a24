import Foundation
import LocalLM

/// What a plan is computed from: the student's size, lengths of texts, and the speed of this machine.
public struct PlanningBasis: Sendable {
    public var parameters: Int
    /// Mean tokens of an instruction and of an answer.
    public var promptTokens: Int
    public var answerTokens: Int
    /// Tokens of one training sequence.
    public var sequenceTokens: Int
    /// Tokens per second of SFT, and of decoding a batch.
    public var trainingSpeed: Double
    public var decodingSpeed: Double
    /// Bytes of a weight on disk.
    public var bytesPerParameter = 4
    /// What a step of each stage takes.
    public var trainings: [PlannedTraining] = []

    /// Measured on the nursery's instructions (`NurseryPrompts`).
    static let nurseryLengths = (prompt: 14, answer: 6)
    /// A guess for instructions that nobody has counted, in the range of the common instruction sets; `maximum_tokens`
    /// bounds the answer.
    static let guessedLengths = (prompt: 200, answer: 300)
    /// Larger batches are no faster, and take memory that the plan has no use for.
    private static let measuredBatch = 16
    private static let repetitions = 3

    /// Measures this machine with the student's shape; takes seconds.
    /// - Throws: what inspecting the student throws.
    public static func measure(_ c: CampaignConfiguration) throws -> PlanningBasis {
        let weights: Weights, lengths: (prompt: Int, answer: Int), storage: Precision
        switch c.student {
        case .nursery:
            weights = Initialization.nursery(try Nursery.architecture(), seed: 1)
            lengths = nurseryLengths
            storage = .fp32
        case .directory(let path):
            // Random weights take as long as the student's own, which need not be read.
            let student = try Checkpoint.inspect(URL(fileURLWithPath: path))
            weights = Initialization.gaussian(student.configuration, seed: 1)
            lengths = guessedLengths
            storage = Checkpoint.storage(of: student)
        }
        let kept = c.models.store.precision ?? storage
        let answer = min(lengths.answer, c.mixture.maximumTokens)
        let sequence = min(lengths.prompt + answer, weights.configuration.maximumPositions)
        func plan(_ stage: Stage, _ tuning: FineTuningSettings, _ optimization: CampaignConfiguration.Optimization)
            throws
            -> PlannedTraining
        {
            try PlannedTraining(
                stage,
                tuning,
                optimizer: optimization.optimizer,
                batchTokens: optimization.batchTokens,
                rowTokens: sequence,
                targetTokens: answer,
                weights.configuration,
                threads: c.threads
            )
        }
        let sft = try plan(.sft, c.sft.tuning, c.sft.optimization)
        let trainings = c.dpo.enabled ? [sft, try plan(.dpo, c.dpo.tuning, c.dpo.optimization)] : [sft]
        let forecast = try TrainingForecast.measure(
            weights.configuration,
            adapter: c.sft.tuning.lora,
            precision: c.sft.tuning.precision.training,
            threads: c.threads,
            batch: min(max(1, sft.microBatchTokens / sequence), measuredBatch),
            length: sequence,
            memory: sft.usesGradientCheckpointing ? .checkpoint : nil,
            repetitions: repetitions
        )
        let decoding = try SpeedMeasurement.measure(
            .decode,
            weights: weights,
            batch: measuredBatch,
            length: sequence,
            threads: c.threads,
            repetitions: repetitions,
            inference: kept
        )
        return PlanningBasis(
            parameters: weights.layout.count,
            promptTokens: lengths.prompt,
            answerTokens: answer,
            sequenceTokens: sequence,
            trainingSpeed: forecast.tokensPerSecond,
            decodingSpeed: decoding.tokensPerSecond,
            bytesPerParameter: kept.bytesPerWeight,
            trainings: trainings
        )
    }
}

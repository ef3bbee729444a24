import Foundation
import LocalLM
import ModelFiles

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
    /// Of everything that the proposers are told first: read once in a round, whatever the number of prompts.
    public var contextTokens = 0
    /// Bytes of a weight on disk.
    public var bytesPerParameter = 4
    /// What a step of each stage takes.
    public var trainings: [PlannedTraining] = []

    /// Measured on the nursery's instructions (`NurseryPrompts`).
    static let nurseryLengths = (prompt: 14, answer: 6)
    /// A guess for answers, in the range of the common instruction sets; `maximum_tokens` bounds it.
    static let guessedAnswer = 300
    /// Prompts of a file that are counted, spread over it.
    private static let countedPrompts = 200
    /// Larger batches are no faster, and take time and memory that the plan has no use for.
    private static let measuredBatch = 16
    private static let measuredTokens = 1024
    private static let repetitions = 2

    /// Measures this machine with the student's shape; takes seconds.
    /// - Throws: what inspecting the student throws.
    public static func measure(_ c: CampaignConfiguration) throws -> PlanningBasis {
        let weights: Weights, lengths: (prompt: Int, answer: Int), storage: Precision
        let conversations = ConversationLengths()
        switch c.student {
        case .nursery:
            weights = Initialization.nursery(try Nursery.architecture(), seed: 1)
            lengths = nurseryLengths
            storage = .fp32
        case .endpoint:
            throw SelfImproveError(.configuration, "the student is behind an endpoint and cannot be trained")
        case .directory(let path):
            // Random weights take as long as the student's own, which need not be read.
            let student = try Checkpoint.inspect(URL(fileURLWithPath: path))
            weights = Initialization.gaussian(student.configuration, seed: 1)
            lengths = (try promptLength(c, conversations), guessedAnswer)
            storage = Checkpoint.storage(of: student)
        }
        let kept = c.models.store.weights ?? storage
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
        let batch = max(1, min(measuredBatch, measuredTokens / sequence))
        let sft = try plan(.sft, c.sft.tuning, c.sft.optimization)
        let trainings = c.dpo.enabled ? [sft, try plan(.dpo, c.dpo.tuning, c.dpo.optimization)] : [sft]
        let forecast = try TrainingForecast.measure(
            weights.configuration,
            adapter: c.sft.tuning.lora,
            precision: c.sft.tuning.precision.training,
            threads: c.threads,
            batch: min(max(1, sft.microBatchTokens / sequence), batch),
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
            contextTokens: try contextLength(c, conversations),
            bytesPerParameter: kept.bytesPerWeight,
            trainings: trainings
        )
    }

    // MARK: Lengths

    /// Mean tokens of the student's prompts.
    private static func promptLength(_ c: CampaignConfiguration, _ lengths: ConversationLengths) throws -> Int {
        guard !c.prompts.files.isEmpty, let length = try lengths.of(c.student) else { return nurseryLengths.prompt }
        let rows = try c.prompts.files.flatMap { try JSONLines.read(PromptRow.self, from: URL(fileURLWithPath: $0)) }
        let counted = Array(stride(from: 0, to: rows.count, by: max(1, rows.count / countedPrompts)))
        let tokens = try counted.reduce(0) { try $0 + length.tokens(rows[$1].prompt) }
        return max(1, tokens / max(1, counted.count))
    }

    /// Tokens of the contexts of all proposers.
    private static func contextLength(_ c: CampaignConfiguration, _ lengths: ConversationLengths) throws -> Int {
        try c.mixture.proposers.reduce(0) { sum, proposer in
            guard !proposer.context.isEmpty, let model = c.reference(of: proposer.model),
                let length = try lengths.of(model)
            else { return sum }
            return try sum + length.tokens(proposer.context)
        }
    }
}

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
    /// How many tokens models on this machine can read.
    public var positions: [ModelReference: Int] = [:]

    /// Measured on the nursery's instructions (`NurseryPrompts`).
    static let nurseryLengths = (prompt: 14, answer: 6)
    /// A guess for answers, in the range of the common instruction sets; `maximum_tokens` bounds it.
    static let guessedAnswer = 300
    /// A guess for prompts of which no example is known.
    static let guessedPrompt = 60
    /// Prompts of a file that are counted, spread over it.
    private static let countedPrompts = 200
    /// Larger batches are no faster, and take time and memory that the plan has no use for.
    private static let measuredBatch = 16
    private static let measuredTokens = 1024
    private static let repetitions = 2
    /// Parameters from which on only a part is measured, on shorter sequences.
    private static let largeModel = 600_000_000
    private static let measuredLength = 96

    /// Measures this machine with the student's shape; takes seconds, of models of billions of parameters minutes.
    /// - Parameter assumptions: of what is not there; nil: everything is.
    /// - Throws: what inspecting the student throws.
    public static func measure(_ c: CampaignConfiguration, _ assumptions: PlanAssumptions? = nil) throws
        -> PlanningBasis
    {
        let conversations = ConversationLengths()
        let student = try student(c, assumptions, conversations), shape = student.shape
        let kept = c.models.store.weights ?? student.storage
        let answer = min(student.answerTokens, c.mixture.maximumTokens)
        let sequence = min(student.promptTokens + answer, shape.maximumPositions)
        let parameters = WeightLayout(shape).count
        func plan(
            _ stage: Stage,
            _ tuning: FineTuningSettings,
            _ optimization: CampaignConfiguration.Optimization,
            reference: Int = 0
        ) throws -> PlannedTraining {
            try PlannedTraining(
                stage,
                tuning,
                optimizer: optimization.optimizer,
                batchTokens: optimization.batchTokens,
                rowTokens: sequence,
                targetTokens: answer,
                shape,
                threads: c.threads,
                reference: reference
            )
        }
        let batch = max(1, min(measuredBatch, measuredTokens / sequence))
        let sft = try plan(.sft, c.sft.tuning, c.sft.optimization)
        // The initial model is held in fp32 beside the policy; the policy's own logprobs need no second one.
        let reference = c.dpo.reference == .initial ? parameters * 4 : 0
        let trainings =
            c.dpo.enabled ? [sft, try plan(.dpo, c.dpo.tuning, c.dpo.optimization, reference: reference)] : [sft]
        let isLarge = parameters > largeModel
        let length = isLarge ? min(sequence, measuredLength) : sequence
        let forecast = try TrainingForecast.measure(
            shape,
            adapter: c.sft.tuning.lora,
            precision: c.sft.tuning.precision.training,
            threads: c.threads,
            batch: isLarge ? 1 : min(max(1, sft.microBatchTokens / sequence), batch),
            length: length,
            memory: sft.usesGradientCheckpointing ? .checkpoint : nil,
            repetitions: isLarge ? 1 : repetitions
        )
        var positions: [ModelReference: Int] = [c.student: shape.maximumPositions]
        for peer in c.peers where assumptions?.lacks(peer.model) != true {
            positions[peer.model] = try conversations.of(peer.model)?.positions
        }
        return PlanningBasis(
            parameters: parameters,
            promptTokens: student.promptTokens,
            answerTokens: answer,
            sequenceTokens: sequence,
            trainingSpeed: forecast.tokensPerSecond,
            decodingSpeed: try decodingSpeed(shape, length: length, threads: c.threads, kept),
            contextTokens: try contextLength(c, conversations),
            bytesPerParameter: kept.bytesPerWeight,
            trainings: trainings,
            positions: positions
        )
    }

    private struct Student {
        var shape: ModelConfiguration
        var promptTokens: Int
        var answerTokens: Int
        var storage: Precision
    }

    private static func student(
        _ c: CampaignConfiguration,
        _ assumptions: PlanAssumptions?,
        _ conversations: ConversationLengths
    ) throws -> Student {
        if let assumptions, assumptions.lacks(c.student), let shape = assumptions.student {
            return Student(
                shape: shape,
                promptTokens: assumptions.promptTokens,
                answerTokens: assumptions.answerTokens,
                storage: .bf16
            )
        }
        switch c.student {
        case .nursery:
            return Student(
                shape: try Nursery.architecture(),
                promptTokens: nurseryLengths.prompt,
                answerTokens: nurseryLengths.answer,
                storage: .fp32
            )
        case .digest(let digest):
            throw SelfImproveError(.notFound, "the state directory holds no model \(digest)", context: "student")
        case .endpoint:
            throw SelfImproveError(.configuration, "the student is behind an endpoint and cannot be trained")
        case .directory(let path):
            // Its weights take as long as random ones, and need not be read.
            let student = try Checkpoint.inspect(URL(fileURLWithPath: path))
            let isKnown = !c.prompts.files.map(PromptSource.file).contains { assumptions?.lacks($0) == true }
            return Student(
                shape: student.configuration,
                promptTokens: isKnown ? try promptLength(c, conversations) : assumptions?.promptTokens ?? 1,
                answerTokens: assumptions?.answerTokens ?? guessedAnswer,
                storage: Checkpoint.storage(of: student)
            )
        }
    }

    /// Tokens per second. Of a model of billions of parameters a layer is measured, and the vocabulary: decoding reads
    /// every weight once for a token.
    private static func decodingSpeed(_ shape: ModelConfiguration, length: Int, threads: Int, _ storage: Precision)
        throws -> Double
    {
        let isLarge = WeightLayout(shape).count > largeModel
        let parts = isLarge ? TrainingForecast.parts(shape) : [(part: shape, share: 1)]
        let seconds = try parts.reduce(0) { sum, part in
            let speed = try SpeedMeasurement.measure(
                .decode,
                weights: isLarge ? TrainingForecast.weights(part.part) : Initialization.gaussian(part.part, seed: 1),
                batch: measuredBatch,
                length: length,
                threads: threads,
                repetitions: isLarge ? 1 : repetitions,
                inference: storage
            )
            return sum + part.share / speed.tokensPerSecond
        }
        return 1 / seconds
    }

    // MARK: Lengths

    /// Mean tokens of the student's prompts, seeds of those that models write among them.
    private static func promptLength(_ c: CampaignConfiguration, _ lengths: ConversationLengths) throws -> Int {
        let files = c.prompts.files + c.prompts.writers.compactMap { $0.examples?.seeds }
        guard let length = try lengths.of(c.student), c.prompts.source != .nursery else { return nurseryLengths.prompt }
        if files.isEmpty { return guessedPrompt }
        let rows = try files.flatMap { try JSONLines.read(PromptRow.self, from: URL(fileURLWithPath: $0)) }
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

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
        let weights: Weights, lengths: (prompt: Int, answer: Int)
        switch c.student {
        case .nursery:
            weights = Initialization.nursery(try Nursery.architecture(), seed: 1)
            lengths = nurseryLengths
        case .directory(let path):
            // Random weights take as long as the student's own, which need not be read.
            let student = try Checkpoint.inspect(URL(fileURLWithPath: path))
            weights = Initialization.gaussian(student.configuration, seed: 1)
            lengths = guessedLengths
        }
        let answer = min(lengths.answer, c.mixture.maximumTokens)
        let sequence = min(lengths.prompt + answer, weights.configuration.maximumPositions)
        func speed(_ task: SpeedMeasurement.Task, _ weights: Weights, batch: Int) throws -> Double {
            try SpeedMeasurement.measure(
                task,
                weights: weights,
                batch: batch,
                length: sequence,
                threads: c.threads,
                repetitions: repetitions
            ).tokensPerSecond
        }
        let rows = max(1, c.sft.optimization.batchTokens / sequence)
        return PlanningBasis(
            parameters: weights.layout.count,
            promptTokens: lengths.prompt,
            answerTokens: answer,
            sequenceTokens: sequence,
            trainingSpeed: try speed(.train, weights.copy(), batch: min(rows, measuredBatch)),
            decodingSpeed: try speed(.decode, weights, batch: measuredBatch)
        )
    }
}

import LocalLM

/// One training, as a value: everything that decides the bytes of the model that it makes.
///
/// Rounds, the nursery and `model train` hand jobs to the same loop (`TrainingLoop`), and a job is what is recorded
/// with the model that came of it. Encoded it can be a file: base and dataset are named by digest.
public struct TrainingJob: Sendable, Equatable, Codable {
    public enum Method: Sendable, Equatable, Codable {
        /// Supervised fine-tuning on completions.
        case sft
        /// Direct preference optimisation (Rafailov et al. 2023); the reference is the base, or `reference`.
        case dpo(beta: Double, nllWeight: Double)
    }

    /// How rows become steps.
    public enum Batches: Sendable, Equatable, Codable {
        /// Weighted passes of batches of about `tokens` tokens until `epochs`, or `budget` tokens, are used up.
        case byTokens(Int, epochs: Double?, budget: Int?)
        /// One pass of batches of about `tokens` tokens.
        case onePass(tokens: Int)
        /// Micro-batches of `count` rows, `accumulation` of them a step; passes follow each other until there are
        /// `steps`.
        case byRows(count: Int, accumulation: Int, steps: Int?, isShuffled: Bool)
    }

    /// Digest of the model that is trained; for models from nothing, what their first weights are drawn from.
    public var base: String
    /// Digest of the rows.
    public var dataset: String
    public var method: Method
    /// Digest of the model that DPO refers to; nil: the base.
    public var reference: String?
    public var optimizer: OptimizationSettings.Optimizer
    public var learningRate: Double
    public var schedule: OptimizationSettings.Schedule
    public var finalFraction: Double
    public var warmupSteps: Int
    /// Warm-up takes at most a fifth of the steps.
    public var limitsWarmup: Bool
    public var weightDecay: Double
    public var maximumGradientNorm: Double
    public var batches: Batches
    /// Expected appearances of each row in a pass.
    public var weights: RowWeights
    /// Rows are at most this long, in tokens; nil: as long as the model allows.
    public var maximumLength: Int?
    /// Longer rows lose their end, instead of being dropped.
    public var cutsLongRows: Bool
    public var precision: Precision
    /// Trains an adapter in place of the weights.
    public var adapter: LoRASettings?
    /// Digest of an adapter that is trained further.
    public var adapterBase: String?
    public var gradientCheckpointing: FineTuningSettings.GradientCheckpointing
    /// Tokens of a micro-batch, at most; nil: whole batches where they fit into this machine's memory.
    public var microBatchTokens: Int?
    /// Number format of the model's file; nil: that of its base.
    public var storage: Precision?
    public var seed: UInt64
    /// Shards of a batch, each on a core of its own.
    public var threads: Int

    public init(
        base: String,
        dataset: String,
        method: Method,
        reference: String? = nil,
        optimizer: OptimizationSettings.Optimizer,
        learningRate: Double,
        schedule: OptimizationSettings.Schedule,
        finalFraction: Double = 0,
        warmupSteps: Int = 0,
        limitsWarmup: Bool = false,
        weightDecay: Double,
        maximumGradientNorm: Double = 1,
        batches: Batches,
        weights: RowWeights = .equal,
        maximumLength: Int? = nil,
        cutsLongRows: Bool = false,
        tuning: FineTuningSettings,
        adapterBase: String? = nil,
        storage: Precision? = nil,
        seed: UInt64,
        threads: Int
    ) {
        self.base = base
        self.dataset = dataset
        self.method = method
        self.reference = reference
        self.optimizer = optimizer
        self.learningRate = learningRate
        self.schedule = schedule
        self.finalFraction = finalFraction
        self.warmupSteps = warmupSteps
        self.limitsWarmup = limitsWarmup
        self.weightDecay = weightDecay
        self.maximumGradientNorm = maximumGradientNorm
        self.batches = batches
        self.weights = weights
        self.maximumLength = maximumLength
        self.cutsLongRows = cutsLongRows
        precision = tuning.precision.training
        adapter = tuning.lora
        self.adapterBase = adapterBase
        gradientCheckpointing = tuning.gradientCheckpointing
        microBatchTokens = tuning.microBatchTokens
        self.storage = storage
        self.seed = seed
        self.threads = threads
    }

    /// The trainer's settings for a plan of so many steps.
    public func settings(steps: Int) -> OptimizationSettings {
        OptimizationSettings(
            optimizer: optimizer,
            learningRate: learningRate,
            schedule: schedule,
            finalFraction: finalFraction,
            warmupSteps: limitsWarmup ? min(warmupSteps, steps / 5) : warmupSteps,
            totalSteps: steps,
            weightDecay: weightDecay,
            maximumGradientNorm: maximumGradientNorm
        )
    }

    /// Digest of the job: two jobs of one identity compute the same bytes with the same version of the program.
    package func identity() throws -> String { ContentDigest.sha256(try JSONText(self).text) }
}

/// A weight per row, stored in runs.
public enum RowWeights: Sendable, Equatable {
    /// Every row once a pass.
    case equal
    case perRow([Double])

    /// The weights of `count` rows.
    func values(_ count: Int) -> [Double] {
        switch self {
        case .equal: return [Double](repeating: 1, count: count)
        case .perRow(let values):
            precondition(values.count == count, "\(values.count) weights for \(count) rows")
            return values
        }
    }
}

/// `[[rows, weight], ...]`; an empty list for equal weights.
extension RowWeights: Codable {
    public init(from decoder: any Decoder) throws {
        var runs = try decoder.unkeyedContainer()
        var values: [Double] = []
        while !runs.isAtEnd {
            let run = try runs.decode([Double].self)
            guard run.count == 2, run[0] >= 1, run[0] <= 1e9 else {
                throw DecodingError.dataCorruptedError(in: runs, debugDescription: "a run is [rows, weight]")
            }
            values += [Double](repeating: run[1], count: Int(run[0]))
        }
        self = values.isEmpty ? .equal : .perRow(values)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        guard case .perRow(let values) = self, !values.isEmpty else { return }
        var start = 0
        for end in 1...values.count where end == values.count || values[end] != values[start] {
            try container.encode([Double(end - start), values[start]])
            start = end
        }
    }
}

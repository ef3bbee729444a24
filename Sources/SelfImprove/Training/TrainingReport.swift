import LocalLM

/// What training did: recorded with the model that came of it.
public struct TrainingReport: Sendable, Equatable, Codable {
    public var job: TrainingJob
    public var optimizer: String
    public var learningRate: Double
    /// Tokens (prompts included) of one optimizer step; nil where steps are counted in rows.
    public var batchTokens: Int?
    /// Tokens of a micro-batch, where memory or the job asked for smaller ones than batches.
    public var microBatchTokens: Int?
    /// Whether activations were computed a second time.
    public var usesGradientCheckpointing: Bool
    /// Digest of the adapter that was trained and merged into the model; nil where the weights were trained.
    public var adapter: String?
    public var steps: Int
    public var rows: Int
    /// Rows whose prompt is no prefix of the conversation, or that are too long.
    public var droppedRows: Int
    /// Passed through the model, prompts included.
    public var tokens: Int
    /// Mean over the first and the last tenth of the steps.
    public var firstLoss: Double
    public var lastLoss: Double
    public var largestGradientNorm: Double
    /// DPO, over the last tenth.
    public var rewardMargin: Double?
    public var rewardAccuracy: Double?
    /// Of the chosen answers, over the first and the last tenth: its fall is a known failure.
    public var firstChosenLogprob: Double?
    public var lastChosenLogprob: Double?

    /// - Precondition: `log` holds at least one step.
    init(_ job: TrainingJob, fit: TrainingFit? = nil, log: [TrainingStep], rows: Int, dropped: Int) {
        let tenth = max(1, log.count / 10)
        func mean(_ steps: ArraySlice<TrainingStep>, _ value: (TrainingStep) -> Double) -> Double {
            steps.reduce(0) { $0 + value($1) } / Double(steps.count)
        }
        self.job = job
        optimizer = job.optimizer.rawValue
        learningRate = job.learningRate
        batchTokens =
            switch job.batches {
            case .byTokens(let tokens, _, _), .onePass(let tokens): tokens
            case .byRows: nil
            }
        microBatchTokens = fit?.microBatchTokens
        usesGradientCheckpointing = fit?.activations == .checkpoint
        steps = log.count
        self.rows = rows
        droppedRows = dropped
        tokens = log.reduce(0) { $0 + $1.tokens }
        firstLoss = mean(log.prefix(tenth), \.loss)
        lastLoss = mean(log.suffix(tenth), \.loss)
        largestGradientNorm = log.map(\.gradientNorm).max()!
        guard log[0].rewardMargin != nil else { return }
        rewardMargin = mean(log.suffix(tenth)) { $0.rewardMargin! }
        rewardAccuracy = mean(log.suffix(tenth)) { $0.rewardAccuracy! }
        firstChosenLogprob = mean(log.prefix(tenth)) { $0.chosenLogprob! }
        lastChosenLogprob = mean(log.suffix(tenth)) { $0.chosenLogprob! }
    }
}

/// Why a training made no model. It costs a round its stage, never the campaign.
package enum TrainingFailure: Error, Equatable {
    /// None of the rows can be trained on.
    /// - Parameter unlike: rows whose prompt, rendered for an answer, is not the beginning of their conversation.
    case noRows(given: Int, unlike: Int)
    case diverged(TrainingStep, of: Int)

    /// In words, and what to do.
    package var words: (message: String, hint: String) {
        switch self {
        case .noRows(let given, let unlike) where given > 0 && unlike == given:
            (
                "the chat template begins an answer in a way in which none of the \(given) rows goes on",
                "it may open <think>, say: then the answers must begin with what it opens, or train with another template"
            )
        case .noRows(let given, _):
            (
                given == 0 ? "there is nothing to train on" : "none of the \(given) rows fits the model",
                "look at the round with: selfimprove samples CAMPAIGN"
            )
        case .diverged(let step, let steps):
            (
                "training diverged at step \(step.step) of \(steps) (loss \(step.loss), rate \(step.learningRate))",
                "lower the learning rate, or warm up for longer"
            )
        }
    }
}

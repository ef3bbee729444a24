import Foundation
import LocalLM
import SelfImprove

/// The training of one `model train`: prints a JSON line per step, and keeps a snapshot next to the output while it
/// runs.
struct KeptTraining {
    private let folder: URL
    private let training: ResumableTraining
    private let cancellation: Computation.Cancellation

    /// - Parameter job: another job's run is left alone, and begun beside it.
    init(beside output: String, every interval: Duration, _ job: TrainingJob, _ cancellation: Computation.Cancellation)
        throws
    {
        // Beside the output also where its name ends with a slash: nothing may be in its place before it is whole.
        folder = URL(fileURLWithPath: URL(fileURLWithPath: output).path + ".unfinished", isDirectory: true)
        let identity = try job.identity()
        training = TrainingCheckpoints(directory: folder, interval: interval).training(
            "training-\(identity.prefix(12))",
            identity: [identity]
        )
        self.cancellation = cancellation
    }

    /// Trains, with a JSON line for every step that is done here.
    func run(_ loop: TrainingLoop) throws -> any ModelParameters {
        var hasBegun = false
        do {
            return try loop.run(training, cancellation, stepped: { try Output.json(Line($0, $1)) }) { log in
                if !hasBegun { noteStart(after: log.count, of: loop.steps) }
                hasBegun = true
            }.parameters
        } catch let error as CancellationError {
            if FileManager.default.fileExists(atPath: folder.path) {
                Output.error("note: what was done is kept in \(folder.path); the same command resumes")
            }
            throw error
        } catch let failure as TrainingFailure {
            let (message, hint) = failure.words
            throw SelfImproveError(.failed, message, hint: hint)
        }
    }

    /// Once the output is written.
    func remove() throws {
        try training.remove()
        rmdir(folder.path)  // unless another run is kept there
    }

    private func noteStart(after done: Int, of steps: Int) {
        if done > 0 {
            Output.error("note: resuming after step \(done) of \(steps), kept in \(folder.path)")
        } else if FileManager.default.fileExists(atPath: folder.path) {
            Output.error(
                "note: \(folder.path) holds a run of other data or settings, or of another version; this one begins at its first step"
            )
        }
    }

    private struct Line: Encodable {
        var step: Int
        var loss: Double
        var grad_norm: Double
        var learning_rate: Double
        var tokens: Int
        var tokens_per_second: Double
        var margins: Double?
        var accuracies: Double?
        var chosen: Double?

        enum CodingKeys: String, CodingKey {
            case step, loss, grad_norm, learning_rate, tokens, tokens_per_second
            case margins = "rewards/margins"
            case accuracies = "rewards/accuracies"
            case chosen = "logps/chosen"
        }

        init(_ done: TrainingStep, _ elapsed: Duration) {
            step = done.step
            loss = done.loss
            grad_norm = done.gradientNorm
            learning_rate = done.learningRate
            tokens = done.tokens
            tokens_per_second = Double(done.tokens) / elapsed.seconds
            margins = done.rewardMargin
            accuracies = done.rewardAccuracy
            chosen = done.chosenLogprob
        }
    }
}

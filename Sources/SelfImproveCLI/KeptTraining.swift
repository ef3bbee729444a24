import Foundation
import LocalLM
import SelfImprove

/// The training of one `model train`: a JSON line per step, and what is needed to go on kept beside the output while it lasts.
struct KeptTraining {
    private let folder: URL
    private let training: ResumableTraining
    private let cancellation: Computation.Cancellation

    /// - Parameter identity: a run of another one is left alone, and begun beside.
    init(beside output: String, every interval: Duration, identity: [String], _ cancellation: Computation.Cancellation)
    {
        // Beside it also where `output` ends with a slash: nothing may be in its place before it is whole.
        folder = URL(fileURLWithPath: URL(fileURLWithPath: output).path + ".unfinished", isDirectory: true)
        let name = "training-\(ContentDigest.sha256(identity.joined(separator: "\n")).prefix(12))"
        training = TrainingCheckpoints(directory: folder, interval: interval).training(name, identity: identity)
        self.cancellation = cancellation
    }

    /// - Parameter step: does one step of the plan.
    func run(_ trainer: some Trainer, _ plan: [[[Int]]], _ step: ([[Int]]) throws -> TrainingStep) throws {
        let clock = ContinuousClock()
        var hasBegun = false
        do {
            _ = try training.run(trainer, steps: plan.count, cancellation) { index in
                let start = clock.now, done = try step(plan[index])
                try Output.json(Line(done, start.duration(to: clock.now)))
                return done
            } report: { log in
                if !hasBegun { noteStart(behind: log.count, of: plan.count) }
                hasBegun = true
            }
        } catch let error as CancellationError {
            if FileManager.default.fileExists(atPath: folder.path) {
                Output.error("note: what was done is kept in \(folder.path); the same command goes on")
            }
            throw error
        }
    }

    /// Once the output is written.
    func remove() throws {
        try training.remove()
        rmdir(folder.path)  // unless another run is kept there
    }

    private func noteStart(behind done: Int, of steps: Int) {
        if done > 0 {
            Output.error("note: going on behind step \(done) of \(steps), kept in \(folder.path)")
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

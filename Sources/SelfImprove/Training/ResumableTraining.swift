import Foundation
import LocalLM
import ModelFiles

/// Where training is kept while it runs, and how often.
package struct TrainingCheckpoints: Sendable {
    /// Of one step of a campaign, or one command, alone; gone once that is done.
    let directory: URL
    let interval: Duration

    package init(directory: URL, interval: Duration) {
        self.directory = directory
        self.interval = interval
    }

    /// - Parameter identity: everything that decides what the training computes, beside the program's version.
    package func training(_ name: String, identity: [String]) -> ResumableTraining {
        ResumableTraining(
            snapshot: TrainingSnapshot(
                directory: directory,
                name: name,
                identity: ContentDigest.sha256(([ProgramVersion.current] + identity).joined(separator: "\n"))
            ),
            interval: interval
        )
    }
}

/// Walks a trainer through its plan, from where an earlier process was cut off.
package struct ResumableTraining: Sendable {
    fileprivate let snapshot: TrainingSnapshot
    fileprivate let interval: Duration

    /// Keeps the run when the task is cancelled, and at intervals: so long that keeping takes at most a twentieth of
    /// the time.
    ///
    /// - Parameters:
    ///   - count: steps of the plan.
    ///   - step: does one, by its index in the plan.
    ///   - report: gets the log after every step, and first what need not be done again.
    /// - Returns: the log of all steps, those of earlier processes included.
    package func run(
        _ trainer: some Trainer,
        steps count: Int,
        _ cancellation: Computation.Cancellation,
        step: (Int) throws -> TrainingStep,
        report: (_ log: [TrainingStep]) -> Void
    ) throws -> [TrainingStep] {
        let clock = ContinuousClock()
        var log = try restored(trainer)
        report(log)
        var kept = clock.now
        var pause = interval
        while log.count < count {
            do { try cancellation.check() } catch {
                try keepIfPossible(trainer, log)
                throw error
            }
            log.append(try step(log.count))
            report(log)
            let now = clock.now
            if now - kept >= pause, log.count < count {
                try snapshot.save(trainer.run, log: log)
                kept = clock.now
                pause = max(interval, (kept - now) * 20)
            }
        }
        return log
    }

    /// Forgets what was kept.
    package func remove() throws { try snapshot.remove() }

    /// Keeps a run that has come to its end, for a step that does more than this.
    func keep(_ trainer: some Trainer, _ log: [TrainingStep]) throws { try snapshot.save(trainer.run, log: log) }

    /// What is damaged is not used: the step then starts again, with the same end.
    private func restored(_ trainer: some Trainer) throws -> [TrainingStep] {
        do { return try snapshot.restore(trainer.run) } catch let error as LocalLMError where error.code == .damaged {
            try snapshot.remove()
            return []
        }
    }

    /// For a run that is being stopped. A disk that is full or read-only must not make a failure of it: what was kept
    /// before stands.
    private func keepIfPossible(_ trainer: some Trainer, _ log: [TrainingStep]) throws {
        guard !log.isEmpty else { return }
        do { try snapshot.save(trainer.run, log: log) } catch let error as LocalLMError
            where error.code == .full || error.code == .readOnly
        {}
    }
}

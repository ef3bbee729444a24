/// Runs steps at most once to completion, whatever happens to the process.
///
/// `DatabaseJournal` in `Scheduler` keeps it in SQLite; tests have one in memory.
public protocol StepJournal: Sendable {
    /// Runs `body`, unless the journal holds this step as done: then the recorded value is returned and `body` is not
    /// called.
    ///
    /// The entries of the result, its value and the mark "done" are one transaction. A step that was cut off runs
    /// again; it is deterministic, so it ends with the same bytes. One that trains resumes after its last snapshot
    /// (`ResumableTraining`).
    /// - Throws: what `body` throws (nothing is recorded then), and `CancellationError` if the task is cancelled.
    func perform<Value: Codable & Sendable>(
        _ step: StepKey,
        _ body: @Sendable (StepProgress) async throws -> StepResult<Value>
    ) async throws -> Value
}

extension StepJournal {
    /// For steps whose result is in the lineage alone.
    func perform(_ step: StepKey, _ body: @Sendable (StepProgress) async throws -> StepResult<Int>) async throws {
        let _: Int = try await perform(step, body)
    }
}

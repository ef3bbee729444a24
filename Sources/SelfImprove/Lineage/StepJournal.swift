import GRDB

/// Names one step of one round. Round 0 is the preparation: the nursery and the evaluation of where everyone starts.
public struct StepKey: Sendable, Hashable, Codable, CustomStringConvertible {
    public var campaign: String
    public var round: Int
    public var step: StepName

    public init(campaign: String, round: Int, step: StepName) {
        self.campaign = campaign
        self.round = round
        self.step = step
    }

    public var description: String { "\(campaign), round \(round), \(step.rawValue)" }
}

/// The steps of a campaign, in the order in which they run.
public enum StepName: String, Sendable, Codable, Hashable, CaseIterable, Comparable {
    case nursery, baseline
    case prompts, propose, aggregate, sft, sample, judge, dpo, evaluate, decide

    /// The steps before round 1.
    public static let preparation: [StepName] = [.nursery, .baseline]
    /// The steps of every round.
    public static let round: [StepName] = [
        .prompts, .propose, .aggregate, .sft, .sample, .judge, .dpo, .evaluate, .decide,
    ]

    public static func < (a: StepName, b: StepName) -> Bool {
        allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
}

/// What a step gives: a small value that is recorded with it, what it cost, and the rows it adds to the lineage.
public struct StepResult<Value: Codable & Sendable>: Sendable {
    /// Handed to the steps after this one, also after a restart. Large things (models, datasets) are files; this holds their digests.
    public var value: Value
    /// Tokens generated, scored and trained.
    public var tokens: Int
    /// Adds the step's rows. Runs inside the transaction that marks the step as done, so it may run only once, or not at all.
    public var write: @Sendable (Database) throws -> Void

    public init(value: Value, tokens: Int = 0, write: @escaping @Sendable (Database) throws -> Void = { _ in }) {
        self.value = value
        self.tokens = tokens
        self.write = write
    }
}

/// How far a running step is.
public struct StepProgress: Sendable {
    /// One report of a step.
    public struct Report: Sendable, Equatable {
        public var done: Int
        public var total: Int
        public var unit: String
        public var note: String?

        public init(done: Int, total: Int, unit: String, note: String? = nil) {
            self.done = done
            self.total = total
            self.unit = unit
            self.note = note
        }

        /// Units per second.
        /// - Parameters:
        ///   - since: what the first report said was done, by an earlier process perhaps.
        ///   - seconds: that have passed since that report.
        /// - Returns: nil where it is too early to tell.
        public func rate(since first: Int, seconds: Double) -> Double? {
            seconds > 0.5 && done > first ? Double(done - first) / seconds : nil
        }

        /// Time left at the rate of now; nil where it is too early to tell.
        public func secondsLeft(since first: Int, seconds: Double) -> Double? {
            rate(since: first, seconds: seconds).map { Double(max(total - done, 0)) / $0 }
        }
    }

    private let listener: @Sendable (Report) -> Void

    public init(listener: @escaping @Sendable (Report) -> Void = { _ in }) { self.listener = listener }

    /// Cheap: call it as often as there is news, from any thread. The listener throttles.
    public func report(done: Int, total: Int, unit: String, note: String? = nil) {
        listener(Report(done: done, total: total, unit: unit, note: note))
    }
}

/// Runs steps at most once to completion, whatever happens to the process.
///
/// `DatabaseJournal` in `Scheduler` keeps it in SQLite.
public protocol StepJournal: Sendable {
    /// Runs `body`, unless the journal holds this step as done: then the recorded value is returned and `body` is not called.
    ///
    /// The rows of `StepResult.write`, the value and the mark "done" are one transaction. A step that was running when the
    /// process died is run again from its beginning; it is deterministic, so that ends with the same bytes.
    /// - Throws: what `body` throws (nothing is recorded then), and `CancellationError` if the task is cancelled.
    func perform<Value: Codable & Sendable>(
        _ step: StepKey,
        _ body: @Sendable (StepProgress) async throws -> StepResult<Value>
    ) async throws -> Value
}

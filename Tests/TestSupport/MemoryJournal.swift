import Foundation
import SelfImprove
import Synchronization

/// A journal and the history that it writes, in memory: `DatabaseJournal`'s twin for tests of the method.
public final class MemoryJournal: StepJournal, CampaignHistory {
    private struct State {
        var steps: [StepKey: Data] = [:]
        var usage: [StepKey: Usage] = [:]
        var progress: [StepKey: [StepProgress.Report]] = [:]
        /// Of the step's beginning, each of its reports, and its end.
        var times: [StepKey: [Duration]] = [:]
        var rows: [any LineageRecord] = []
        var rounds: [Int: RoundRecord] = [:]
        var evaluations: [EvaluationRecord] = []
        var evaluationAnswers: [EvaluationAnswerRecord] = []
        var champion: String?
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> Duration

    /// - Parameter now: the time, since whenever, for `times`.
    public init(now: @escaping @Sendable () -> Duration = { .zero }) { self.now = now }

    // MARK: The journal

    public func perform<Value: Codable & Sendable>(
        _ step: StepKey,
        _ body: @Sendable (StepProgress) async throws -> StepResult<Value>
    ) async throws -> Value {
        if let done = state.withLock({ $0.steps[step] }) {
            return try JSONDecoder().decode([Value].self, from: done)[0]
        }
        state.withLock { $0.times[step] = [now()] }
        let progress = StepProgress { [self] report in
            state.withLock {
                $0.progress[step, default: []].append(report)
                $0.times[step, default: []].append(now())
            }
        }
        let result = try await StepKey.$running.withValue(step) { try await body(progress) }
        let value = try JSONEncoder().encode([result.value])
        try state.withLock { state in
            for entry in result.entries { try Self.write(entry, &state) }
            state.steps[step] = value
            state.usage[step] = result.usage
            state.times[step, default: []].append(now())
        }
        return result.value
    }

    private static func write(_ entry: LineageEntry, _ state: inout State) throws {
        switch entry {
        case .row(let row): state.rows.append(row)
        case .spooled(let rows): try rows.forEach { state.rows.append($0) }
        case .evaluation(var record, let answers):
            let id = Int64(state.evaluations.count + 1)
            record.id = id
            state.evaluations.append(record)
            state.evaluationAnswers += answers.map { answer in
                var answer = answer
                answer.evaluation = id
                return answer
            }
        case .stage(let stage, let model, _, let round): state.rounds[round]?[stage] = model
        case .roundEnd(let end):
            state.rounds[end.round]?.challenger = end.challenger
            state.rounds[end.round]?.outcome = end.outcome
            state.rounds[end.round]?.reason = end.reason
            state.rounds[end.round]?.championAfter = end.champion
            state.rounds[end.round]?.figures = end.figures
        case .champion(let move): state.champion = move.model
        case .nursery: break
        }
    }

    /// Begins a round, as the runner does.
    public func begin(_ round: RoundRecord) { state.withLock { $0.rounds[round.round] = round } }

    // MARK: What a test looks at

    public var champion: String? { state.withLock { $0.champion } }
    /// The steps that are done, in their order.
    public var done: [StepKey] { state.withLock { $0.steps.keys.sorted { ($0.round, $0.step) < ($1.round, $1.step) } } }
    public func usage(_ step: StepKey) -> Usage? { state.withLock { $0.usage[step] } }
    /// When a step began, each time that it reported, and when it ended.
    public func times(_ step: StepKey) -> [Duration] { state.withLock { $0.times[step] ?? [] } }
    public func reports(_ step: StepKey) -> [StepProgress.Report] { state.withLock { $0.progress[step] ?? [] } }

    /// All rows of a type, in the order in which they were written.
    public func rows<Row: LineageRecord>(_ type: Row.Type = Row.self) -> [Row] {
        state.withLock { $0.rows.compactMap { $0 as? Row } }
    }

    // MARK: The history

    public func usedPromptIDs(_ campaign: String, before round: Int) -> Set<String> {
        Set(rows(PromptRecord.self).filter { $0.round < round }.map(\.id))
    }

    public func prompts(_ campaign: String, round: Int) -> [PromptRecord] {
        rows().filter { $0.round == round }.sorted { $0.position < $1.position }
    }

    public func drafts(_ campaign: String, round: Int, layer: Int?) -> [DraftRecord] {
        rows().filter { $0.round == round && (layer == nil || $0.layer == layer) }
            .sorted {
                ($0.layer, $0.position, $0.proposerIndex, $0.sample)
                    < ($1.layer, $1.position, $1.proposerIndex, $1.sample)
            }
    }

    public func answers(_ campaign: String, round: Int) -> [AnswerRecord] {
        rows().filter { $0.round == round }.sorted { $0.position < $1.position }
    }

    public func samples(_ campaign: String, round: Int) -> [SampleRecord] {
        rows().filter { $0.round == round }.sorted { ($0.position, $0.sample) < ($1.position, $1.sample) }
    }

    public func verdicts(_ campaign: String, round: Int) -> [VerdictRecord] {
        rows().filter { $0.round == round }.sorted {
            ($0.position, $0.judge, $0.first, $0.second) < ($1.position, $1.judge, $1.first, $1.second)
        }
    }

    public func pairs(_ campaign: String, round: Int) -> [PairRecord] {
        rows().filter { $0.round == round }.sorted { $0.position < $1.position }
    }

    public func generalAnswers(of model: String, campaign: String) -> [GeneralAnswerRecord] {
        rows().filter { $0.model == model }.sorted { $0.position < $1.position }
    }

    public func taught(_ campaign: String, round: Int) -> [TaughtAnswer] {
        let model = state.withLock { $0.rounds[round]?[.sft] }
        guard let dataset = model.flatMap({ self.model($0) })?.dataset else { return [] }
        let prompts = prompts(campaign, round: round), answers = answers(campaign, round: round)
        return rows(DatasetRowRecord.self).filter { $0.dataset == dataset && $0.round == round }
            .sorted { $0.row < $1.row }
            .map { TaughtAnswer(prompt: prompts[$0.position], answer: answers[$0.position]) }
    }

    public func tainted(_ campaign: String, round: Int, by quarantines: [Quarantine]) -> Set<Int> {
        let drafts = rows(DraftRecord.self).filter { draft in
            draft.round == round && quarantines.contains { $0.carries(draft) }
        }
        let answers = rows(AnswerRecord.self).filter { answer in
            answer.round == round && quarantines.contains { $0.carries(answer) }
        }
        let prompts = rows(PromptRecord.self).filter { prompt in
            prompt.round == round && quarantines.contains { $0.carries(prompt) }
        }
        return Set(prompts.map(\.position) + drafts.map(\.position) + answers.map(\.position))
    }

    public func rounds(_ campaign: String) -> [RoundRecord] {
        state.withLock { $0.rounds.values.sorted { $0.round < $1.round } }
    }

    public func model(_ digest: String) -> ModelRecord? { rows().first { $0.digest == digest } }

    public func line(of digest: String) -> Set<String> {
        let parents = Dictionary(
            rows(ModelRecord.self).map { ($0.digest, $0.parent) },
            uniquingKeysWith: { first, _ in first }
        )
        var line: Set<String> = []
        var next: String? = digest
        while let model = next, line.insert(model).inserted { next = parents[model] ?? nil }
        return line
    }

    public func evaluations(_ campaign: String) -> [EvaluationRecord] { state.withLock { $0.evaluations } }

    public func evaluation(of model: String, on set: HeldOutSet, campaign: String) -> EvaluationRecord? {
        evaluations(campaign).last { $0.model == model && $0.set == set && $0.subject == .model }
    }

    public func evaluationAnswers(_ evaluation: Int64) -> [EvaluationAnswerRecord] {
        state.withLock { $0.evaluationAnswers.filter { $0.evaluation == evaluation } }.sorted {
            $0.promptId < $1.promptId
        }
    }

    public func nursery(_ key: String) -> NurseryRecord? { rows(NurseryRecord.self).first { $0.key == key } }
}

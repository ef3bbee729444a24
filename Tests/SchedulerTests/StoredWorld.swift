import Foundation
import ModelFiles
import Synchronization
import TestSupport

@testable import LocalLM
@testable import Scheduler
@testable import SelfImprove

/// Rounds of scripted models, with the real journal and lineage in SQLite. Its questions are "echo N"; the peers
/// letters and numbers propose, words aggregates, and the judge `panel` is numbers.
struct StoredWorld {
    let lineage: Lineage
    let campaign: Campaign
    let clock: TestClock
    private let journal: DatabaseJournal

    /// - Parameters:
    ///   - drafts: whether letters has something to say to question N.
    ///   - drops: whether the aggregator has nothing to say to question N, so that no row comes of it.
    ///   - turns: whether question N + 201 follows question N in one conversation.
    init(
        _ folder: URL,
        drafts: @escaping @Sendable (_ question: Int) -> Bool,
        drops: @escaping @Sendable (_ question: Int) -> Bool,
        turns: Bool = false
    ) throws {
        try EchoPrompts.write(to: folder, gate: 10, report: 10, follows: turns ? 201 : nil)
        let configuration = try ReducedCampaign.configuration([
            (
                "per_round: 48",
                "per_round: 20\n  source: \(folder.path)/prompts.jsonl" + (turns ? "\n  turns: every" : "")
            ),
            ("proposers: [letters, numbers, words, champion]", "proposers: [letters, numbers]"),
            ("  gate_prompts: 48", "  gate: \(folder.path)/gate.jsonl\n  report: \(folder.path)/report.jsonl"),
            ("  report_prompts: 36\n", ""),
            ("  - kind: likelihood", "  - kind: likelihood\n    name: panel\n    models: [numbers]"),
            ("  - kind: agreement\n", ""),
        ])
        lineage = try Lineage.open(state: folder.appendingPathComponent("state"))
        let clock = TestClock(Date(timeIntervalSince1970: 1000))
        self.clock = clock
        let now: @Sendable () -> Date = { clock.value }
        let count = Mutex(0)
        let files = lineage.files
        campaign = Campaign(
            configuration,
            history: lineage,
            datasets: files,
            models: ScriptedCatalog { digest, _ in
                ScriptedModel(digest, score: { -1 / Double($0.count) }) { request in
                    let question = String(request.messages.last!.content.dropFirst(5))
                    if let number = Int(question), number < 1000 {
                        if digest == "nursery letters", !drafts(number) { return nil }
                        if digest == "nursery words", drops(number) { return "" }
                    }
                    guard digest.hasPrefix("sft") else { return question }
                    // The samples of a policy differ, so that there is something to prefer.
                    return count.withLock {
                        $0 += 1
                        return question + String(repeating: "!", count: $0 % 7)
                    }
                }
            },
            workplace: ScriptedWorkplace { job, step in
                let digest = "\(step.step.rawValue) \(step.round)"
                let report = TrainingReport(job, log: [Self.step], rows: 1, dropped: 0)
                let directory = files.modelDirectory(digest)
                do { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) } catch {
                    return .failed("\(error)")
                }
                return .made(digest, report)
            },
            now: now
        )
        try FileManager.default.createDirectory(
            at: files.modelDirectory("nursery student"),
            withIntermediateDirectories: true
        )
        try lineage.register(configuration, by: .run, at: now())
        journal = DatabaseJournal(lineage, control: RunControl(), now: now, observe: { _ in })
    }

    /// Begins the next round, from the champion.
    func begin() async throws -> Int {
        _ = try await Preparation(campaign).run(journal)
        let number = try lineage.latestRound("reduced") + 1
        clock.value = Date(timeIntervalSince1970: Double(1000 * (number + 1)))
        try lineage.begin(
            RoundRecord(campaign: "reduced", round: number, parent: champion(), startedAt: clock.value)
        )
        return number
    }

    /// Ends a round that was begun.
    func end(_ number: Int) async throws {
        let prepared = try await Preparation(campaign).run(journal)
        let parent = try lineage.rounds("reduced")[number - 1].parent
        _ = try await Round(campaign, prepared: prepared, number: number, parent: parent).run(journal)
    }

    func rounds(_ count: Int) async throws { for _ in 0..<count { try await end(begin()) } }

    func champion() throws -> String { try lineage.campaign("reduced").champion ?? "" }

    @discardableResult func quarantine(_ peer: String, since: String? = nil, reason: String? = nil, lift: Bool = false)
        throws -> QuarantineReport
    {
        let request = QuarantineRequest(peer: peer, since: since, reason: reason, lift: lift, actor: "tester")
        return try lineage.quarantine("reduced", request, at: clock.value.addingTimeInterval(500))
    }

    /// What a round's SFT replayed: the questions of earlier rounds, with their rounds.
    func replayed(_ round: Int) throws -> [[Int]] {
        guard let dataset = try lineage.model("sft \(round)")?.dataset else { return [] }
        return try lineage.rows(ofDataset: dataset).filter { $0.round < round }.map { row in
            let prompt = try lineage.prompts("reduced", round: row.round)[row.position]
            return [row.round, Int(prompt.id) ?? -1]
        }
    }

    /// All that rounds taught, as `replayed` has it.
    func taught(_ rounds: ClosedRange<Int>) throws -> [[Int]] {
        try rounds.flatMap { round in
            try lineage.taught("reduced", round: round).map { [round, Int($0.prompt.id) ?? -1] }
        }
    }

    static let step = TrainingStep(
        step: 1,
        loss: 1,
        gradientNorm: 1,
        learningRate: 1,
        tokens: 10,
        targetTokens: 5
    )
}

/// A clock that a test sets.
final class TestClock: Sendable {
    private let date: Mutex<Date>

    init(_ date: Date) { self.date = Mutex(date) }

    var value: Date {
        get { date.withLock { $0 } }
        set { date.withLock { $0 = newValue } }
    }
}

import Foundation
import Synchronization
import TestSupport

@testable import LocalLM
import ModelFiles
@testable import SelfImprove

/// The method alone: no database, no weights, a journal in memory and models that follow a script, in a campaign whose
/// questions are "echo N", to be answered by N.
struct RoundWorld {
    let journal = MemoryJournal()
    let workplace: ScriptedWorkplace
    let campaign: Campaign
    let asked: Asked

    func prepared() async throws -> PreparedModels { try await Preparation(campaign).run(journal) }

    @discardableResult func round(_ number: Int, from parent: String) async throws -> RoundOutcome {
        let prepared = try await prepared()
        journal.begin(
            RoundRecord(campaign: campaign.name, round: number, parent: parent, startedAt: campaign.now())
        )
        return try await Round(campaign, prepared: prepared, number: number, parent: parent).run(journal)
    }

    /// - Parameter knows: whether the model of a digest answers right.
    init(
        _ folder: URL,
        _ changes: [(String, String)] = [],
        knows: @escaping @Sendable (String) -> Bool = { $0 != "nursery student" },
        outcome: (@Sendable (TrainingJob, StepKey) -> TrainingOutcome)? = nil
    ) throws {
        try self.init(folder, changes, outcome: outcome) { digest, question in knows(digest) ? question : "wrong" }
    }

    /// - Parameters:
    ///   - writes: what the model of a digest writes where it is asked for a prompt: as a user, or by a text that
    ///     begins with "WRITE"; nil: it is too long for it.
    ///   - says: what the model of a digest answers to "echo QUESTION"; nil: it is too long for it.
    init(
        _ folder: URL,
        _ changes: [(String, String)] = [],
        outcome: (@Sendable (TrainingJob, StepKey) -> TrainingOutcome)? = nil,
        writes: @escaping @Sendable (_ digest: String, ChatRequest) -> String? = { _, _ in nil },
        says: @escaping @Sendable (_ digest: String, _ question: String) -> String?
    ) throws {
        try EchoPrompts.write(to: folder, gate: 50, report: 40)
        let files = [
            ("  per_round: 48", "  per_round: 48\n  source: \(folder.path)/prompts.jsonl"),
            ("  gate_prompts: 48", "  gate: \(folder.path)/gate.jsonl\n  report: \(folder.path)/report.jsonl"),
            ("  enabled: false", "  enabled: true"), ("  report_prompts: 36\n", ""),
        ]
        workplace = ScriptedWorkplace(
            outcome ?? { job, step in
                .made("\(step.step.rawValue) \(step.round)", TrainingReport(job, log: [Self.step], rows: 1, dropped: 0))
            }
        )
        let asked = Asked(says, writes)
        self.asked = asked
        campaign = Campaign(
            try ReducedCampaign.configuration(files + changes),
            history: journal,
            datasets: MemoryDatasets(),
            models: ScriptedCatalog { digest, _ in asked.model(digest) },
            workplace: workplace,
            now: { Date(timeIntervalSince1970: 0) }
        )
    }

    static let step = TrainingStep(
        step: 1,
        loss: 1,
        gradientNorm: 1,
        learningRate: 1,
        tokens: 10,
        targetTokens: 5
    )

    /// The models of a world by digest, made once each.
    final class Asked: Sendable {
        private let models = Mutex<[String: ScriptedModel]>([:])
        private let says: @Sendable (String, _ question: String) -> String?
        private let writes: @Sendable (String, ChatRequest) -> String?

        init(
            _ says: @escaping @Sendable (String, _ question: String) -> String?,
            _ writes: @escaping @Sendable (String, ChatRequest) -> String?
        ) {
            self.says = says
            self.writes = writes
        }

        func model(_ digest: String) -> ScriptedModel {
            models.withLock { models in
                if let known = models[digest] { return known }
                let says = says, writes = writes
                let model = ScriptedModel(digest, score: { $0 == "wrong" ? -5 : -0.1 }) { request in
                    guard let text = request.messages.last?.content, !text.hasPrefix("WRITE") else {
                        return writes(digest, request)
                    }
                    return says(digest, String(text.dropFirst(5)))
                }
                models[digest] = model
                return model
            }
        }
    }
}

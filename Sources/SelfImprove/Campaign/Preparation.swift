import Foundation
import GRDB
import LocalLM
import ModelFiles

/// Round 0: the models are brought into the lineage (trained first, where they come from a nursery), the held-out sets are laid
/// down, and everyone is evaluated before anything is learned.
public struct Preparation: Sendable {
    private let campaign: Campaign

    public init(_ campaign: Campaign) { self.campaign = campaign }

    public func run(_ journal: some StepJournal) async throws -> PreparedModels {
        let prepared = try await journal.perform(campaign.stepKey(0, .nursery)) { try await models($0) }
        _ = try await journal.perform(campaign.stepKey(0, .baseline)) { try await baseline(prepared, $0) }
        return prepared
    }

    // MARK: Models and sets

    private func models(_ progress: StepProgress) async throws -> StepResult<PreparedModels> {
        let configuration = campaign.configuration, files = campaign.lineage.files
        var records: [ModelRecord] = []
        var nurseryModels: [String: String] = [:]
        var nurseryRecord: NurseryRecord?
        var tokens = 0
        if let settings = configuration.nursery {
            let nursery = Nursery(settings, campaignSeed: configuration.seed, threads: configuration.threads)
            if let known = try campaign.lineage.nursery(nursery.key),
                known.models.values.allSatisfy({ FileManager.default.fileExists(atPath: files.modelDirectory($0).path) }
                )
            {
                nurseryModels = known.models
                nurseryRecord = known
            } else {
                let checkpoints = campaign.checkpoints(campaign.stepKey(0, .nursery))
                for (name, checkpoint) in try await nursery.train(checkpoints: checkpoints, progress: progress) {
                    let digest = try files.store(checkpoint)
                    nurseryModels[name] = digest
                    records.append(
                        ModelRecord(
                            digest: digest,
                            kind: .nursery,
                            settings: try JSONText(settings),
                            seed: Seed(nursery.seed),
                            createdAt: campaign.now(),
                            name: name
                        )
                    )
                }
                tokens = nursery.tokens
                nurseryRecord = NurseryRecord(key: nursery.key, models: nurseryModels, createdAt: campaign.now())
            }
        }
        func bring(_ reference: String, name: String) throws -> String {
            if reference.hasPrefix("nursery/") {
                guard let digest = nurseryModels[String(reference.dropFirst(8))] else {
                    throw SelfImproveError(
                        .configuration,
                        "the nursery has no model \(reference)",
                        hint: "it has: \(nurseryModels.keys.sorted().joined(separator: ", "))"
                    )
                }
                return digest
            }
            let digest = try files.store(Checkpoint.load(URL(fileURLWithPath: reference, isDirectory: true)))
            records.append(
                ModelRecord(
                    digest: digest,
                    kind: .initial,
                    campaign: campaign.name,
                    settings: try JSONText(["source": reference]),
                    seed: Seed(configuration.seed),
                    createdAt: campaign.now(),
                    name: name
                )
            )
            return digest
        }
        let initial = try bring(configuration.student, name: "student")
        var peers: [String: String] = [:]
        for peer in configuration.peers { peers[peer.name] = try bring(peer.model, name: peer.name) }

        let gate = try evaluationSet(.gate), report = try evaluationSet(.report)
        let prepared = PreparedModels(
            initial: initial,
            peers: peers,
            gateSet: try files.write(dataset: gate.bytes),
            reportSet: try files.write(dataset: report.bytes),
            nursery: nurseryRecord?.key
        )
        let sets = [(prepared.gateSet, gate), (prepared.reportSet, report)].map { digest, set in
            DatasetRecord(
                digest: digest,
                kind: .evaluation,
                campaign: campaign.name,
                round: 0,
                rows: set.items.count,
                createdAt: campaign.now()
            )
        }
        return StepResult(value: prepared, tokens: tokens) { [records, nurseryRecord] db in
            for record in records { try record.insert(db) }
            for set in sets { try set.insert(db) }
            if let nurseryRecord { try nurseryRecord.insert(db) }
            try db.execute(
                sql: "UPDATE campaigns SET nursery = ? WHERE name = ?",
                arguments: [prepared.nursery, campaign.name]
            )
            try CampaignRecord.setChampion(
                initial,
                of: campaign.name,
                round: 0,
                kind: .initial,
                message: "the first champion is \(configuration.student)",
                at: campaign.now(),
                db
            )
        }
    }

    private func evaluationSet(_ set: EvaluationRecord.Set) throws -> EvaluationSet {
        let evaluation = campaign.configuration.evaluation
        let source = set == .gate ? evaluation.gate : evaluation.report
        let count = set == .gate ? evaluation.gatePrompts : evaluation.reportPrompts
        if source == "nursery" {
            return try NurseryPrompts.evaluation(
                set == .gate ? .gate : .report,
                count: count,
                seed: RandomKey.derive(campaign.configuration.seed, set.rawValue)
            )
        }
        let rows = try JSONLines.read(PromptRow.self, from: URL(fileURLWithPath: source))
        return try EvaluationSet(rows: Array(rows.prefix(count)), name: source)
    }

    // MARK: Where everyone starts

    /// The student on both sets; every peer and the mixture on the one that is only reported.
    private func baseline(_ prepared: PreparedModels, _ progress: StepProgress) async throws -> StepResult<Int> {
        var records: [(EvaluationRecord, [EvaluationAnswerRecord])] = []
        let evaluation = try Evaluation(campaign, prepared)
        let peers = campaign.configuration.peers
        let meter = CallMeter(
            total: campaign.configuration.evaluation.gatePrompts + campaign.configuration.evaluation.reportPrompts
                * (1 + peers.count),
            unit: "answers",
            progress
        )
        var tokens = 0
        for set in [EvaluationRecord.Set.gate, .report] {
            records.append(
                try await evaluation.model(
                    prepared.initial,
                    on: set,
                    round: 0,
                    subject: .model,
                    name: "initial",
                    meter.call("student"),
                    &tokens
                )
            )
        }
        for peer in peers {
            records.append(
                try await evaluation.model(
                    prepared.peer(peer.name),
                    on: .report,
                    round: 0,
                    subject: .peer,
                    name: peer.name,
                    meter.call(peer.name),
                    &tokens
                )
            )
        }
        records += try await evaluation.mixture(champion: prepared.initial, round: 0, &tokens)
        return StepResult(value: records.count, tokens: tokens) { [records] db in
            for (record, answers) in records { try record.insert(db, answers: answers) }
        }
    }
}

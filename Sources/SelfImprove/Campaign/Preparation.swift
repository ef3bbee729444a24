import LocalLM
import ModelFiles

/// Round 0: the models are brought into the lineage (trained first, where they come from a nursery), the held-out sets
/// are laid down, and everyone is evaluated before anything is learned.
public struct Preparation: Sendable {
    private let campaign: Campaign

    public init(_ campaign: Campaign) { self.campaign = campaign }

    public func run(_ journal: some StepJournal) async throws -> PreparedModels {
        let prepared = try await journal.perform(campaign.stepKey(0, .nursery)) { try await prepare($0) }
        try await journal.perform(campaign.stepKey(0, .baseline)) { try await baseline(prepared, $0) }
        if let general = GeneralConversations(campaign, prepared) {
            try await journal.perform(campaign.stepKey(0, .general)) { try await general.answerOnce($0) }
        }
        return prepared
    }

    // MARK: Models and sets

    private func prepare(_ progress: StepProgress) async throws -> StepResult<PreparedModels> {
        let configuration = campaign.configuration
        let nursery = try await raised(progress)
        var rows: [any LineageRecord] = nursery.rows
        func bring(_ reference: ModelReference, name: String) async throws -> String {
            switch reference {
            case .nursery(let member):
                guard let digest = nursery.record?.models[member] else {
                    throw SelfImproveError(
                        .configuration,
                        "the nursery has no model \(reference)",
                        hint: "it has: \(nursery.record?.models.keys.sorted().joined(separator: ", ") ?? "none")"
                    )
                }
                return digest
            case .digest(let digest):
                guard campaign.models.holds(digest) else {
                    throw SelfImproveError(
                        .notFound,
                        "the state directory holds no model \(digest)",
                        context: name,
                        hint: "selfimprove show MODEL prints the whole digest of one; a directory may be named as well"
                    )
                }
                return digest
            case .directory(let path):
                progress.report(done: 0, total: 1 + configuration.peers.count, unit: "models", note: name)
                let digest = try await campaign.models.adopt(
                    directory: path,
                    as: configuration.models.store.weights
                )
                rows.append(
                    ModelRecord(
                        digest: digest,
                        kind: .initial,
                        campaign: campaign.name,
                        settings: try JSONText(["source": path]),
                        seed: Seed(configuration.seed),
                        createdAt: campaign.now(),
                        name: name
                    )
                )
                return digest
            case .endpoint:
                throw SelfImproveError(
                    .configuration,
                    "is behind an endpoint: it can answer, and cannot be trained",
                    context: name,
                    hint: "name a directory or a GGUF file"
                )
            }
        }
        let initial = try await bring(configuration.student, name: "student")
        var peers: [String: String] = [:]
        for peer in configuration.peers where !peer.isRemote {
            peers[peer.name] = try await bring(peer.model, name: peer.name)
        }

        let comparison = try AnswerComparison(configuration.answers)
        var sets: [HeldOutSet: String] = [:]
        for name in HeldOutSet.allCases {
            let (source, count) = configuration.evaluation.source(of: name)
            let set = try source.heldOut(name, count: count, seed: configuration.seed, comparison: comparison)
            // The files may have changed since the configuration was checked.
            guard set.questionDigests.isDisjoint(with: configuration.mixture.exampleQuestions) else {
                throw SelfImproveError(
                    .configuration,
                    "an example of a proposer asks a prompt of the \(name.rawValue) set",
                    context: campaign.name,
                    hint: "take it out: what is evaluated must not be shown"
                )
            }
            let digest = try campaign.datasets.write(dataset: set.bytes)
            sets[name] = digest
            rows.append(
                DatasetRecord(
                    digest: digest,
                    kind: .evaluation,
                    campaign: campaign.name,
                    round: 0,
                    rows: set.items.count,
                    createdAt: campaign.now()
                )
            )
        }
        let prepared = PreparedModels(
            initial: initial,
            peers: peers,
            gateSet: sets[.gate]!,
            reportSet: sets[.report]!,
            nursery: nursery.record?.key
        )
        let first = ChampionMove(
            campaign: campaign.name,
            model: initial,
            round: 0,
            cause: .initial,
            message: "the first champion is \(configuration.student)",
            at: campaign.now()
        )
        return StepResult(
            value: prepared,
            usage: nursery.usage,
            entries: rows.map(LineageEntry.row) + [
                .nursery(key: prepared.nursery, campaign: campaign.name), .champion(first),
            ]
        )
    }

    /// The nursery of the configuration: the one that an earlier campaign trained, or a new one.
    private func raised(_ progress: StepProgress) async throws -> (
        record: NurseryRecord?, rows: [any LineageRecord], usage: Usage
    ) {
        let configuration = campaign.configuration
        guard let settings = configuration.nursery else { return (nil, [], Usage()) }
        let nursery = Nursery(settings, campaignSeed: configuration.seed, threads: configuration.threads)
        if let known = try await campaign.history.nursery(nursery.key),
            known.models.values.allSatisfy(campaign.models.holds)
        {
            return (known, [known], Usage())
        }
        let models = try await campaign.workplace.train(nursery, for: campaign.stepKey(0, .nursery), progress: progress)
        let rows = try models.sorted { $0.key < $1.key }.map { name, digest in
            ModelRecord(
                digest: digest,
                kind: .nursery,
                settings: try JSONText(settings),
                seed: Seed(nursery.seed),
                createdAt: campaign.now(),
                name: name
            )
        }
        let record = NurseryRecord(key: nursery.key, models: models, createdAt: campaign.now())
        return (record, rows + [record], Usage(trained: nursery.tokens))
    }

    // MARK: Where everyone starts

    /// The student on both sets; every peer and the mixture on the one that is only reported.
    private func baseline(_ prepared: PreparedModels, _ progress: StepProgress) async throws -> StepResult<Int> {
        let evaluation = try Evaluation(campaign, prepared)
        let peers = campaign.configuration.peers
        let meter = CallMeter(
            total: evaluation.prompts(HeldOutSet.allCases) + evaluation.prompts([.report]) * peers.count
                + evaluation.mixtureCalls,
            unit: "answers",
            progress
        )
        var entries: [LineageEntry] = []
        var usage = Usage()
        for set in HeldOutSet.allCases {
            entries.append(
                try await evaluation.model(
                    campaign.models.chatModel(prepared.initial, name: "initial"),
                    on: set,
                    round: 0,
                    as: .model,
                    name: "initial",
                    meter,
                    &usage
                )
            )
        }
        for peer in peers {
            entries.append(
                try await evaluation.model(
                    campaign.builder(prepared, meter.part()).peer(peer.name),
                    on: .report,
                    round: 0,
                    as: .peer,
                    name: peer.name,
                    meter,
                    &usage
                )
            )
        }
        entries += try await evaluation.mixture(champion: prepared.initial, round: 0, meter, &usage)
        return StepResult(value: entries.count, usage: usage, entries: entries)
    }
}

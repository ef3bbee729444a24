import Foundation
import LocalLM

/// One campaign at work: what it was asked to do, where its lineage is, and the models it has in hand.
public struct Campaign: Sendable {
    public let configuration: CampaignConfiguration
    public let lineage: Lineage
    public let library: ModelLibrary
    /// The time of day, for what is written into the lineage; nothing that is computed depends on it.
    public let now: @Sendable () -> Date
    private let checkpointInterval: Duration

    /// - Parameter checkpointInterval: at which training that runs is kept on disk (see `ResumableTraining`).
    public init(
        _ configuration: CampaignConfiguration,
        lineage: Lineage,
        checkpointInterval: Duration,
        now: @escaping @Sendable () -> Date
    ) {
        self.checkpointInterval = checkpointInterval
        self.configuration = configuration
        self.lineage = lineage
        library = ModelLibrary(files: lineage.files, threads: configuration.threads)
        self.now = now
    }

    public var name: String { configuration.campaign }

    /// The key of everything random in one step.
    func key(_ round: Int, _ step: StepName) -> UInt64 {
        RandomKey.derive(RandomKey.derive(RandomKey.derive(configuration.seed, "round"), UInt64(round)), step.rawValue)
    }

    func stepKey(_ round: Int, _ step: StepName) -> StepKey { StepKey(campaign: name, round: round, step: step) }

    /// Where the training of a step is kept while it runs.
    func checkpoints(_ step: StepKey) -> TrainingCheckpoints {
        TrainingCheckpoints(directory: lineage.files.trainingDirectory(step), interval: checkpointInterval)
    }

    // MARK: The mixture

    /// The proposers, aggregator and scorers of a round whose champion is `champion`.
    func mixture(_ prepared: PreparedModels, champion: String) async throws -> Mixture {
        let settings = configuration.mixture
        func model(_ name: String) async throws -> LocalModel {
            if name == "champion" { return try await library.model(champion, name: "champion") }
            return try await library.model(prepared.peer(name), name: name)
        }
        var proposers: [Mixture.Proposer] = []
        for name in settings.proposers {
            proposers.append(.init(name: name, model: try await model(name), isChampion: name == "champion"))
        }
        let aggregator: Mixture.Aggregator =
            switch settings.aggregator {
            case "most_confident": .mostConfident
            case "plurality": .plurality
            default: .model(name: settings.aggregator, try await model(settings.aggregator))
            }
        var scorers: [any LikelihoodModel] = []
        if settings.confidence == .peers {
            // The peers that propose; where only the champion does, all peers.
            let names = configuration.peers.map(\.name).filter(settings.proposers.contains)
            for name in names.isEmpty ? configuration.peers.map(\.name) : names {
                scorers.append(try await model(name))
            }
        }
        guard let prompt = AggregationPrompt.all.first(where: { $0.name == settings.aggregationPrompt }) else {
            throw SelfImproveError(
                .configuration,
                "there is no aggregation prompt \"\(settings.aggregationPrompt)\"",
                context: name
            )
        }
        return Mixture(
            proposers: proposers,
            aggregator: aggregator,
            prompt: prompt,
            layers: settings.layers,
            sampling: Sampling(
                temperature: settings.temperature,
                topP: settings.topP,
                maximumTokens: settings.maximumTokens
            ),
            aggregatorSampling: Sampling(
                temperature: settings.aggregatorTemperature,
                topP: settings.topP,
                maximumTokens: settings.maximumTokens
            ),
            confidence: settings.confidence,
            scorers: scorers
        )
    }

    /// The mixture of judges.
    func judges(_ prepared: PreparedModels) async throws -> MixtureOfJudges {
        var judges: [any Judge] = []
        for judge in configuration.judges {
            switch judge.kind {
            case .agreement: judges.append(AgreementJudge())
            case .likelihood:
                var models: [any LikelihoodModel] = []
                for name in judge.models { models.append(try await library.model(prepared.peer(name), name: name)) }
                judges.append(LikelihoodJudge(models))
            }
        }
        return MixtureOfJudges(judges: judges, minimumMargin: configuration.dpo.minimumMargin)
    }

    // MARK: Held-out sets

    func evaluationSet(_ prepared: PreparedModels, _ set: EvaluationRecord.Set) throws -> EvaluationSet {
        try EvaluationSet(bytes: lineage.files.read(dataset: prepared.dataset(set)), name: "\(set.rawValue) set")
    }

    /// The rows of an evaluation, to be written with a step.
    func records(
        _ result: EvaluationResult,
        round: Int,
        model: String?,
        set: EvaluationRecord.Set,
        subject: EvaluationRecord.Subject,
        name: String,
        dataset: String
    ) -> (EvaluationRecord, [EvaluationAnswerRecord]) {
        let score = result.score
        let record = EvaluationRecord(
            campaign: self.name,
            round: round,
            model: model,
            set: set,
            subject: subject,
            name: name,
            n: score.n,
            correct: result.correct,
            low: score.low,
            high: score.high,
            slices: result.slices,
            dataset: dataset,
            meanTokens: result.meanTokens,
            createdAt: now()
        )
        let answers = result.answers.map {
            EvaluationAnswerRecord(promptId: $0.id, slice: $0.slice, output: $0.output, correct: $0.correct)
        }
        return (record, answers)
    }
}

/// What a campaign starts from: digests of its models and held-out sets.
public struct PreparedModels: Sendable, Equatable, Codable {
    public var initial: String
    public var peers: [String: String]
    public var gateSet: String
    public var reportSet: String
    /// Key of the nursery they come from.
    public var nursery: String?

    func peer(_ name: String) throws -> String {
        guard let digest = peers[name] else {
            throw SelfImproveError(
                .configuration,
                "there is no peer \"\(name)\"",
                hint: "there are: \(peers.keys.sorted().joined(separator: ", "))"
            )
        }
        return digest
    }

    func dataset(_ set: EvaluationRecord.Set) -> String { set == .gate ? gateSet : reportSet }
}

import Foundation
import LocalLM

/// One campaign at work: what it was asked to do, and the doors to everything that it uses.
///
/// The method behind it (`Preparation`, `Round`) knows no database and no file of weights: it reads `history`, hands
/// entries to a journal, and reaches models and training through `models` and `workplace`.
public struct Campaign: Sendable {
    public let configuration: CampaignConfiguration
    public let history: any CampaignHistory
    public let datasets: any DatasetStore
    public let models: any ModelCatalog
    public let workplace: any Workplace
    /// The time of day, for what is written into the lineage; nothing that is computed depends on it.
    public let now: @Sendable () -> Date

    public init(
        _ configuration: CampaignConfiguration,
        history: any CampaignHistory,
        datasets: any DatasetStore,
        models: any ModelCatalog,
        workplace: any Workplace,
        now: @escaping @Sendable () -> Date
    ) {
        self.configuration = configuration
        self.history = history
        self.datasets = datasets
        self.models = models
        self.workplace = workplace
        self.now = now
    }

    /// A campaign on this machine, with its models and data in a state directory.
    /// - Parameters:
    ///   - endpoints: where its peers behind endpoints are asked.
    ///   - snapshotInterval: between the snapshots of a running training (see `ResumableTraining`).
    public init(
        _ configuration: CampaignConfiguration,
        lineage: Lineage,
        endpoints: EndpointCatalog,
        snapshotInterval: Duration,
        now: @escaping @Sendable () -> Date
    ) {
        self.init(
            configuration,
            history: lineage,
            datasets: lineage.files,
            models: LocalCatalog(files: lineage.files, threads: configuration.threads, endpoints: endpoints),
            workplace: LocalWorkplace(files: lineage.files, snapshotInterval: snapshotInterval),
            now: now
        )
    }

    public var name: String { configuration.campaign }

    /// The key of everything random in one step.
    func key(_ round: Int, _ step: StepName) -> UInt64 { configuration.key(round, step) }

    func stepKey(_ round: Int, _ step: StepName, turn: Int = 1) -> StepKey {
        StepKey(campaign: name, round: round, step: step, turn: turn)
    }

    /// - Parameter progress: hears of every model that is loaded.
    func builder(_ prepared: PreparedModels, _ progress: StepProgress) -> MixtureBuilder {
        MixtureBuilder(configuration: configuration, prepared: prepared, models: models, progress: progress)
    }

    /// A held-out set, as it was laid down when the campaign began.
    func evaluationSet(_ prepared: PreparedModels, _ set: HeldOutSet) throws -> EvaluationSet {
        try EvaluationSet(
            bytes: datasets.read(dataset: prepared.dataset(set)),
            name: "\(set.rawValue) set",
            comparison: AnswerComparison(configuration.answers)
        )
    }
}

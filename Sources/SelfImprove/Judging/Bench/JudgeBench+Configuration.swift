import Foundation

extension JudgeBench {
    /// The judges of a campaign's configuration, outside of any campaign: models are read where they lie, and calls of
    /// endpoints are kept as long as this process lives.
    /// - Parameter environment: where keys of endpoints are.
    /// - Throws: `.configuration` where a judge cannot be measured alone; what loading a model throws.
    public init(
        _ configuration: CampaignConfiguration,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        now: @escaping @Sendable () -> Date,
        progress: StepProgress = StepProgress()
    ) async throws {
        try Self.check(configuration)
        let endpoints = EndpointCatalog(
            campaign: configuration.campaign,
            log: MemoryCallLog(),
            environment: environment,
            now: now
        )
        let directories = Dictionary(
            configuration.peers.compactMap { peer in Self.path(peer.model).map { (peer.name, $0) } },
            uniquingKeysWith: { first, _ in first }
        )
        let builder = MixtureBuilder(
            configuration: configuration,
            prepared: PreparedModels(
                initial: Self.path(configuration.student) ?? "",
                peers: directories,
                gateSet: "",
                reportSet: ""
            ),
            models: DirectoryCatalog(threads: configuration.threads, endpoints: endpoints),
            progress: progress
        )
        self.init(judges: try await builder.judges().judges, seed: configuration.seed)
    }

    /// Name of the mixture of the judges in a report.
    public static let mixtureName = "mixture"

    private static func check(_ configuration: CampaignConfiguration) throws {
        func fault(_ judge: CampaignConfiguration.JudgeConfiguration, _ message: String, _ hint: String) throws {
            throw SelfImproveError(.configuration, message, context: "the judge \(judge.label)", hint: hint)
        }
        for judge in configuration.judges {
            if judge.kind == .agreement {
                try fault(
                    judge,
                    "compares answers with the mixture's, and here is no mixture",
                    "give judge-bench a file whose judges are of the kinds likelihood and written"
                )
            }
            if judge.label == mixtureName {
                try fault(judge, "has the name of the mixture of all judges", "give it another name")
            }
            for model in judge.models + (judge.written?.models ?? []) {
                switch configuration.reference(of: Participant.model(model)) {
                case .nursery?, .digest?: break
                default: continue
                }
                try fault(
                    judge,
                    "asks \(model), a model that only a campaign has",
                    "selfimprove export writes it to a directory; name that"
                )
            }
        }
    }

    private static func path(_ reference: ModelReference) -> String? {
        if case .directory(let path) = reference { path } else { nil }
    }
}

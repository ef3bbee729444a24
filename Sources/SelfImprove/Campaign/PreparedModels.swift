/// What a campaign starts from: digests of its models and held-out sets.
public struct PreparedModels: Sendable, Equatable, Codable {
    public var initial: String
    public var peers: [String: String]
    public var gateSet: String
    public var reportSet: String
    /// Key of the nursery they come from.
    public var nursery: String?

    public init(
        initial: String,
        peers: [String: String],
        gateSet: String,
        reportSet: String,
        nursery: String? = nil
    ) {
        self.initial = initial
        self.peers = peers
        self.gateSet = gateSet
        self.reportSet = reportSet
        self.nursery = nursery
    }

    func peer(_ name: String) throws -> String {
        guard let digest = peers[name] else {
            throw SelfImproveError(
                .configuration,
                "unknown peer \"\(name)\"",
                hint: "there are: \(peers.keys.sorted().joined(separator: ", "))"
            )
        }
        return digest
    }

    /// Digests of all held-out prompts: what no round may draw.
    func heldOutDigests(_ datasets: some DatasetStore) throws -> Set<String> {
        try heldOutSets(datasets).reduce(into: []) { $0.formUnion($1.set.promptDigests) }
    }

    /// The held-out sets as they were laid down, for all but their answers.
    func heldOutSets(_ datasets: some DatasetStore) throws -> [(name: HeldOutSet, set: EvaluationSet)] {
        try HeldOutSet.allCases.map {
            ($0, try EvaluationSet(bytes: datasets.read(dataset: dataset($0)), name: "\($0.rawValue) set"))
        }
    }

    func dataset(_ set: HeldOutSet) -> String {
        switch set {
        case .gate: gateSet
        case .report: reportSet
        }
    }
}

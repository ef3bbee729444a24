/// One model with where it came from, what came of it, and how it did.
public struct ModelReport: Sendable, Encodable {
    public var model: ModelRecord
    /// From its parent to the first one.
    public var ancestors: [ModelRecord]
    public var descendants: [String]
    public var evaluations: [EvaluationRecord]
    /// Peers in quarantine from whose drafts or verdicts it descends; nil where there are none.
    public var quarantines: [Quarantine.Notice]?
}

extension Lineage {
    /// - Throws: `.notFound` for a digest that is no model's.
    public func report(model digest: String) throws -> ModelReport {
        guard let record = try model(digest) else {
            throw SelfImproveError(.notFound, "there is no such model", context: digest)
        }
        return ModelReport(
            model: record,
            ancestors: Array(try ancestors(of: digest).dropFirst()),
            descendants: try descendants(of: digest).map(\.digest),
            evaluations: try record.campaign.map { try evaluations($0).filter { $0.model == digest } } ?? [],
            quarantines: try record.campaign.flatMap { try taints(digest, campaign: $0) }
        )
    }

    private func taints(_ digest: String, campaign: String) throws -> [Quarantine.Notice]? {
        let found = try quarantines(campaign).filter {
            try models(carrying: $0, campaign: campaign).contains { $0.digest == digest }
        }
        return found.isEmpty ? nil : found.map(\.notice)
    }
}

import GRDB

/// The marks of two models of a lineage on one of its held-out sets.
extension Lineage {
    /// - Parameters:
    ///   - first, second: as people name models; both were evaluated in one campaign.
    ///   - campaign: nil: the only one that evaluated both.
    /// - Throws: `.notFound` where one of them was not evaluated on the set, `.ambiguous` where several campaigns did.
    public func marks(
        of first: String,
        and second: String,
        on set: HeldOutSet,
        campaign: String? = nil
    ) throws -> (first: [Gate.Mark], second: [Gate.Mark], campaign: String) {
        let a = try evaluations(of: first, on: set), b = try evaluations(of: second, on: set)
        let common = a.keys.filter { b[$0] != nil && campaign ?? $0 == $0 }.sorted()
        guard let name = common.first else {
            throw SelfImproveError(
                .notFound,
                "no campaign\(campaign.map { " \($0)" } ?? "") has evaluated both on its \(set.rawValue) set",
                context: "\(first), \(second)",
                hint: "\(first): \(Self.words(a)); \(second): \(Self.words(b))"
            )
        }
        guard common.count == 1 else {
            throw SelfImproveError(
                .ambiguous,
                "several campaigns have evaluated both: \(common.joined(separator: ", "))",
                context: "\(first), \(second)",
                hint: "say which with --campaign"
            )
        }
        return (try marks(a[name]!), try marks(b[name]!), name)
    }

    private static func words(_ evaluations: [String: EvaluationRecord]) -> String {
        evaluations.isEmpty ? "by none" : "by " + evaluations.keys.sorted().joined(separator: ", ")
    }

    /// The latest evaluation of a model in each campaign.
    private func evaluations(of reference: String, on set: HeldOutSet) throws -> [String: EvaluationRecord] {
        let digest = try resolve(reference).digest
        return try read { db in
            try EvaluationRecord
                .filter(
                    Column("model") == digest && Column("set") == set.rawValue && Column("subject") == "model"
                )
                .order(Column("id")).fetchAll(db)
                .reduce(into: [:]) { $0[$1.campaign] = $1 }
        }
    }

    private func marks(_ evaluation: EvaluationRecord) throws -> [Gate.Mark] {
        guard let id = evaluation.id else { return [] }
        return try evaluationAnswers(id).map { $0.mark(by: evaluation.marks) }
    }
}

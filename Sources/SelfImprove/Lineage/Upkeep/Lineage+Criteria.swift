import Foundation
import GRDB

/// Changing when a campaign stops, also while it runs: it looks again between rounds.
extension Lineage {
    /// - Parameter changes: by key; `off` removes a criterion.
    /// - Throws: `.input` with everything that is wrong; nothing is changed then.
    public func changeCriteria(_ name: String, _ changes: [(key: String, value: String)], at: Date) throws
        -> StopCriteria
    {
        let record = try campaign(name)
        let configuration = try record.configuration()
        var criteria = try record.criteria()
        var faults: [String] = []
        for (key, value) in changes {
            do { try criteria.set(key, value) } catch let error as SelfImproveError { faults.append(error.description) }
        }
        for (criterion, _) in criteria.active {
            guard let missing = criterion.missing(configuration) else { continue }
            faults.append("\(criterion.key) \(missing.message)")
        }
        guard faults.isEmpty else { throw SelfImproveError(.input, faults.joined(separator: "\n")) }
        guard !criteria.isEmpty else {
            throw SelfImproveError(
                .input,
                "no criterion would be left: the campaign would never end",
                context: name,
                hint: "keep at least one"
            )
        }
        try write { db in
            guard var record = try CampaignRecord.filter(Column("name") == name).fetchOne(db) else { return }
            try record.set(criteria)
            try record.update(db)
            let words = changes.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
            try EventRecord(campaign: name, kind: .criteriaChanged, message: words, data: JSONText(criteria), at: at)
                .insert(db)
        }
        return criteria
    }
}

import Foundation
import GRDB
import SelfImprove

enum Fingerprint {
    /// Everything a campaign computed, without times.
    static func of(_ state: URL) throws -> [String: String] {
        let lineage = try Lineage.openExisting(state: state)
        var result: [String: String] = [:]
        result["models"] = try lineage.models().map(\.digest).sorted().joined(separator: " ")
        result["datasets"] = try lineage.datasets().map { "\($0.digest) \($0.rows)" }.sorted().joined(separator: " ")
        for table in ["prompts", "drafts", "answers", "samples", "verdicts", "pairs", "dataset_rows"] {
            result[table] = try lineage.read { db in
                let columns = try db.columns(in: table).map(\.name).joined(separator: ", ")
                let rows = try String.fetchAll(db, sql: "SELECT json_array(\(columns)) FROM \(table)").sorted()
                return "\(rows.count) rows " + ContentDigest.sha256(rows.joined(separator: "\n"))
            }
        }
        result["evaluations"] = try lineage.evaluations("reduced").map {
            "\($0.round) \($0.set) \($0.name) \($0.correct)/\($0.n)"
        }.joined(separator: ", ")
        result["rounds"] = try lineage.rounds("reduced").map {
            "\($0.round) \($0.parent) \($0.outcome?.rawValue ?? "") \($0.reason ?? "") \($0.championAfter ?? "")"
        }.joined(separator: "; ")
        result["integrity"] = try lineage.read { try String.fetchAll($0, sql: "PRAGMA integrity_check").joined() }
        return result
    }
}

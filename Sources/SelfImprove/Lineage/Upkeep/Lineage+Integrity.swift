import GRDB

extension Lineage {
    /// What SQLite finds when it checks the whole database.
    public struct Integrity: Sendable, Equatable {
        /// The first complaint of `integrity_check`; nil where there is none.
        public var complaint: String?
        /// Rows that refer to rows that are gone.
        public var orphans: Int

        public var isSound: Bool { complaint == nil && orphans == 0 }
    }

    public func integrity() throws -> Integrity {
        try read { db in
            let said = try String.fetchAll(db, sql: "PRAGMA integrity_check")
            return Integrity(
                complaint: said == ["ok"] ? nil : said.first ?? "no answer",
                orphans: try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count
            )
        }
    }
}

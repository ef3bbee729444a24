import GRDB

/// Rows of a step that are too many to be held in memory until it ends: they wait in a private database on disk, which
/// SQLite removes with the process. After a crash the step makes them again, as all steps do.
public final class RowSpool: Sendable {
    private let queue: DatabaseQueue
    private let table: String
    private let visit: @Sendable (Database, (any LineageRecord) throws -> Void) throws -> Void

    /// - Parameter type: of all its rows.
    /// - Throws: what SQLite throws.
    public init<Record: LineageRecord>(of type: Record.Type) throws {
        // SQLite's name for a temporary database of its own.
        queue = try DatabaseQueue(path: "")
        table = Record.databaseTableName
        visit = { db, body in
            let cursor = try Record.order(Column.rowID).fetchCursor(db)
            while let record = try cursor.next() { try body(record) }
        }
    }

    public func append<Record: LineageRecord>(_ records: [Record]) throws {
        precondition(Record.databaseTableName == table, "\(Record.self) among rows of \(table)")
        guard let first = records.first else { return }
        try queue.write { db in
            if try !db.tableExists(table) {
                let columns = try first.databaseDictionary.keys.sorted()
                try db.create(table: table) { table in columns.forEach { table.column($0) } }
            }
            for record in records { try record.insert(db) }
        }
    }

    /// Hands out the rows in the order in which they came.
    public func forEach(_ body: (any LineageRecord) throws -> Void) throws {
        try queue.read { db in
            if try db.tableExists(table) { try visit(db, body) }
        }
    }
}

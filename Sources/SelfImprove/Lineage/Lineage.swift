import Foundation
import GRDB
import ModelFiles

/// Everything that campaigns did, in one state directory: `selfimprove.sqlite` is the truth, `models/` and `data/` are
/// immutable files named by their digest.
///
/// Rows are added and, but for the aliases and the status of a campaign and the outcome of a round, never changed.
/// Nothing is deleted. Readers work beside the one writer (WAL).
public final class Lineage: Sendable {
    public static let databaseName = "selfimprove.sqlite"

    /// The state directory.
    public let state: URL
    public let files: FileStore
    public let database: any DatabaseWriter

    private init(state: URL, database: any DatabaseWriter) {
        self.state = state
        self.database = database
        files = FileStore(root: state)
    }

    /// Opens the lineage of a state directory, making both where they do not exist, and brings the schema up to date.
    /// - Throws: `SelfImproveError`: `.file` where the directory cannot be written, `.damaged` where the database is
    ///   not one.
    public static func open(state: URL) throws -> Lineage {
        try makeDirectory(state)
        let file = state.appendingPathComponent(databaseName)
        do {
            let pool = try DatabasePool(path: file.path, configuration: configuration())
            // WAL's usual NORMAL may lose the last transactions at a power cut; a journal must not.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try LineageSchema.migrator.migrate(pool)
            return Lineage(state: state, database: pool)
        } catch let error as DatabaseError {
            throw opening(file, error)
        }
    }

    /// Makes a state directory where there is none.
    /// - Throws: `.file` where it cannot be made.
    public static func makeDirectory(_ state: URL) throws {
        do { try FileManager.default.makeDirectories(state) } catch {
            throw SelfImproveError(
                .file,
                "the state directory cannot be made: \(error)",
                context: state.path,
                hint: "name a directory you may write to with --state"
            )
        }
    }

    /// Opens a lineage that must exist. Where nobody may write, as in a backup on a disk that is mounted read-only, it
    /// can be read all the same.
    /// - Throws: `.notFound` where there is none, and what `open(state:)` throws.
    public static func openExisting(state: URL) throws -> Lineage {
        guard try exists(state: state) else {
            throw SelfImproveError(
                .notFound,
                "no campaign has run here yet",
                context: state.path,
                hint: "start one with: selfimprove run configs/nursery.yaml; or name another directory with --state"
            )
        }
        let file = state.appendingPathComponent(databaseName)
        let isWritable = access(file.path, W_OK) == 0 && access(state.path, W_OK) == 0
        return try isWritable ? open(state: state) : openReadOnly(state, file)
    }

    private static func openReadOnly(_ state: URL, _ file: URL) throws -> Lineage {
        do {
            var configuration = configuration()
            configuration.readonly = true
            // SQLite cannot make the files by which programs share a database; where there is no log, none does.
            let isShared = try FileReader.exists(URL(fileURLWithPath: file.path + "-wal"))
            let path = isShared ? file.path : uri(file) + "?immutable=1"
            let database = try DatabaseQueue(path: path, configuration: configuration)
            guard try database.read(LineageSchema.migrator.hasCompletedMigrations) else {
                throw SelfImproveError(
                    .readOnly,
                    "was written by an earlier version, and nobody may write here to bring it up to date",
                    context: file.path,
                    hint: "copy the state directory to where you may write, and name the copy with --state"
                )
            }
            return Lineage(state: state, database: database)
        } catch let error as DatabaseError {
            throw opening(file, error)
        }
    }

    /// What SQLite takes for a file's name together with parameters.
    private static func uri(_ file: URL) -> String {
        let plain = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "/-_.~"))
        return "file:" + (file.path.addingPercentEncoding(withAllowedCharacters: plain) ?? file.path)
    }

    /// - Throws: where the state directory may not be looked into.
    public static func exists(state: URL) throws -> Bool {
        try FileReader.exists(state.appendingPathComponent(databaseName))
    }

    public func read<Value>(_ body: (Database) throws -> Value) throws -> Value { try database.read(body) }

    /// One transaction: all of it or nothing.
    public func write<Value>(_ body: (Database) throws -> Value) throws -> Value { try database.write(body) }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        configuration.label = "lineage"
        return configuration
    }

    private static func opening(_ file: URL, _ error: DatabaseError) -> SelfImproveError {
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            SelfImproveError(
                .damaged,
                "the database is damaged: \(error.message ?? "\(error.resultCode)")",
                context: file.path,
                hint:
                    "selfimprove doctor names the damage; restore the file from a backup, or name another directory with --state"
            )
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            SelfImproveError(
                .busy,
                "another program holds the database",
                context: file.path,
                hint: "try again in a moment",
                retryable: true
            )
        default:
            SelfImproveError(
                .file,
                "the database cannot be opened: \(error.message ?? "\(error.resultCode)")",
                context: file.path,
                hint: "check that you may write to the state directory, or name another with --state"
            )
        }
    }
}

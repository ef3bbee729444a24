import Foundation

/// The immutable files of a state directory: `models/<digest>/` and `data/<digest>.jsonl`.
///
/// A file gets its name only once its bytes are on disk: it is written under `tmp/`, fsynced, renamed, and the directory
/// fsynced. Only then may a row of the database name it. So a name that exists is whole, unless the disk lies; and that is
/// checked whenever a model is loaded.
public struct FileStore: Sendable {
    public let root: URL

    public init(root: URL) { self.root = root }

    public var models: URL { root.appendingPathComponent("models", isDirectory: true) }
    public var data: URL { root.appendingPathComponent("data", isDirectory: true) }
    private var staging: URL { root.appendingPathComponent("tmp", isDirectory: true) }

    public func modelDirectory(_ digest: String) -> URL { models.appendingPathComponent(digest, isDirectory: true) }
    public func datasetFile(_ digest: String) -> URL { data.appendingPathComponent(digest + ".jsonl") }

    /// A path of its own, on the same file system, for a model that is about to be written. Nothing exists there yet.
    public func stage() throws -> URL {
        try create(staging)
        return staging.appendingPathComponent(UUID().uuidString, isDirectory: true)
    }

    /// Removes what processes that died left under `tmp/`. Only for whoever holds the state's lock.
    public func clearStaging() throws {
        guard FileManager.default.fileExists(atPath: staging.path) else { return }
        try FileManager.default.removeItem(at: staging)
    }

    /// Moves a model directory that was written whole (by `Checkpoint.save`, to a path of `stage()`) to its name.
    ///
    /// Where the same model is already there, the staged one is removed: the same digest is the same bytes.
    /// - Returns: its digest.
    public func adopt(modelAt staged: URL) throws -> String {
        let digest = try ModelDigest.of(directory: staged)
        let final = modelDirectory(digest)
        try create(models)
        if FileManager.default.fileExists(atPath: final.path) {
            try FileManager.default.removeItem(at: staged)
            return digest
        }
        try DurableFile.synchronizeTree(staged)
        try DurableFile.rename(staged, to: final)
        try DurableFile.synchronize(models)
        return digest
    }

    /// Writes a dataset's bytes under their digest.
    public func write(dataset: Data) throws -> String {
        let digest = ContentDigest.sha256(dataset)
        let final = datasetFile(digest)
        if FileManager.default.fileExists(atPath: final.path) { return digest }
        try create(data)
        try create(staging)
        let temporary = staging.appendingPathComponent(UUID().uuidString)
        try DurableFile.write(dataset, to: temporary)
        try DurableFile.rename(temporary, to: final)
        try DurableFile.synchronize(data)
        return digest
    }

    /// A dataset's bytes, checked against its name.
    public func read(dataset digest: String) throws -> Data {
        let file = datasetFile(digest)
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw SelfImproveError(.notFound, "the dataset's file is gone", context: file.path, hint: "restore it from a backup")
        }
        let bytes = try Data(contentsOf: file)
        let found = ContentDigest.sha256(bytes)
        guard found == digest else { throw Self.damaged(file, found) }
        return bytes
    }

    /// The directory of a model, checked against its name. Call it before loading.
    public func verified(model digest: String) throws -> URL {
        let directory = modelDirectory(digest)
        guard FileManager.default.fileExists(atPath: directory.path) else {
            throw SelfImproveError(.notFound, "the model's files are gone", context: directory.path, hint: "restore them from a backup")
        }
        let found = try ModelDigest.of(directory: directory)
        guard found == digest else { throw Self.damaged(directory, found) }
        return directory
    }

    private static func damaged(_ file: URL, _ found: String) -> SelfImproveError {
        SelfImproveError(
            .damaged, "its bytes are not what its name says: their digest is \(found)", context: file.path,
            hint: "the file was changed or the disk is failing; restore it from a backup")
    }

    private func create(_ directory: URL) throws {
        if FileManager.default.fileExists(atPath: directory.path) { return }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try DurableFile.synchronize(directory.deletingLastPathComponent())
    }
}

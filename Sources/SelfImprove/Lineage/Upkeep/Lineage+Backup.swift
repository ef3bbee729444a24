import Foundation
import GRDB
import ModelFiles

/// A copy of a state directory in one file, taken while campaigns run.
extension Lineage {
    /// Writes a tar archive of the database and of every file that it names.
    ///
    /// The database is copied first, by SQLite's online backup: whatever files it names exist, and files are never
    /// changed, so what is archived afterwards holds them all. Unpacked into an empty folder it is a state directory;
    /// `doctor` reads every byte of it.
    /// - Throws: `.file` where the archive exists, or cannot be written.
    public func backup(to archive: URL) throws {
        guard !FileManager.default.fileExists(atPath: archive.path) else {
            throw SelfImproveError(.file, "exists already", context: archive.path, hint: "name a new file")
        }
        let scratch = archive.deletingLastPathComponent().appendingPathComponent(
            ".\(archive.lastPathComponent).\(getpid()).tmp",
            isDirectory: true
        )
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { remove(scratch) }
        let copy = try DatabaseQueue(path: scratch.appendingPathComponent(Self.databaseName).path)
        try database.backup(to: copy)
        try copy.close()
        for folder in Self.folders {
            try FileManager.default.createDirectory(
                at: state.appendingPathComponent(folder),
                withIntermediateDirectories: true
            )
        }
        let whole = scratch.appendingPathComponent("archive")
        try tar(
            [
                "-cf", whole.path, "-C", scratch.path, Self.databaseName, "-C", state.standardizedFileURL.path,
                "--exclude=.*",
            ] + Self.folders
        )
        let handle = try FileHandle(forWritingTo: whole)
        try handle.synchronize()
        try handle.close()
        try FileManager.default.moveItem(at: whole, to: archive)
        try AtomicFile.sync(archive.deletingLastPathComponent())
    }

    /// Of files that rows name.
    private static let folders = ["models", "adapters", "data"]

    private func tar(_ arguments: [String]) throws {
        let process = Process(), error = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["tar"] + arguments
        process.standardError = error
        try process.run()
        let complaint = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw SelfImproveError(
                .file,
                "tar failed: \(String(decoding: complaint, as: UTF8.self).prefix(300))",
                context: state.path
            )
        }
    }

    private func remove(_ scratch: URL) {
        do { try FileManager.default.removeItem(at: scratch) } catch {
            StandardStream.error.write("left behind: \(scratch.path): \(error)\n")
        }
    }
}

import Foundation

/// Files and directories that appear whole, or not at all: written under a temporary name next to their place,
/// fsynced, renamed, and their parent fsynced.
public enum AtomicFile {
    /// Replaces a file, if it exists. Directories that are missing are made.
    public static func write(_ data: Data, to url: URL) throws {
        try write(in: url.deletingLastPathComponent(), label: url.lastPathComponent) { write in
            try data.withUnsafeBytes { try write($0) }
            return url.lastPathComponent
        }
    }

    /// The same piece by piece. `body` says the file's name when it has written all.
    /// - Parameter label: part of the temporary name.
    @discardableResult
    package static func write(
        in directory: URL,
        label: String,
        _ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> String
    ) throws -> URL {
        try FileManager.default.makeDirectories(directory)
        let temporary = temporary(in: directory, label: label)
        let place: URL
        do {
            let name = try writeSynced(to: temporary, body)
            Failpoint.fileWritten.pass()
            place = directory.appendingPathComponent(name)
            guard rename(temporary.path, place.path) == 0 else { throw failure("cannot be put in place", place) }
        } catch {
            unlink(temporary.path)
            throw error
        }
        Failpoint.fileRenamed.pass()
        try sync(directory)
        return place
    }

    /// Makes a directory that `fill` writes with `writeSynced`. Nothing that exists is replaced.
    public static func makeDirectory(at url: URL, fill: (URL) throws -> Void) throws {
        guard !exists(url) else { throw alreadyThere(url) }
        try FileManager.default.makeDirectories(url.deletingLastPathComponent())
        let temporary = temporary(in: url.deletingLastPathComponent(), label: url.lastPathComponent)
        guard mkdir(temporary.path, 0o755) == 0 else { throw failure("cannot be created", temporary) }
        do {
            try fill(temporary)
            try sync(temporary)
            Failpoint.fileWritten.pass()
            guard !exists(url), rename(temporary.path, url.path) == 0 else {
                throw exists(url) ? alreadyThere(url) : failure("cannot be put in place", url)
            }
        } catch {
            removeLeftover(temporary)
            throw error
        }
        Failpoint.fileRenamed.pass()
        try sync(url.deletingLastPathComponent())
    }

    /// Writes and fsyncs a new file, not atomically: for files of a directory that is.
    package static func writeSynced(_ data: Data, to url: URL) throws {
        try writeSynced(to: url) { write in try data.withUnsafeBytes { try write($0) } }
    }

    /// The same piece by piece.
    package static func writeSynced<Result>(
        to url: URL,
        _ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Result
    )
        throws -> Result
    {
        let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("cannot be created", url) }
        defer { close(descriptor) }
        let result = try body { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Foundation.write(
                    descriptor,
                    UnsafeRawBufferPointer(rebasing: rest).baseAddress!,
                    rest.count
                )
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw failure("cannot be written", url) }
                rest = rest.dropFirst(count)
            }
        }
        guard fsync(descriptor) == 0 else { throw failure("cannot be brought to disk", url) }
        return result
    }

    /// Brings the names in a directory to disk: those of files that were renamed into it, or out of it.
    public static func sync(_ directory: URL) throws {
        let descriptor = open(directory.path.isEmpty ? "." : directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot be opened", directory) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("cannot be brought to disk", directory) }
    }

    private static func temporary(in directory: URL, label: String) -> URL {
        directory.appendingPathComponent(".\(label).\(getpid())-\(UUID().uuidString).tmp")
    }

    package static func exists(_ url: URL) -> Bool {
        var status = stat()
        return lstat(url.path, &status) == 0
    }

    private static func alreadyThere(_ url: URL) -> LocalLMError {
        LocalLMError(
            .file,
            "is there already and is not overwritten",
            context: url.path,
            hint: "remove it, or name another directory"
        )
    }

    /// The error that led here is the one to report; a leftover under a temporary name does no harm.
    package static func removeLeftover(_ url: URL) {
        do { try FileManager.default.removeItem(at: url) } catch {
            StandardStream.error.write("left behind: \(url.path): \(error)\n")
        }
    }

    /// An error with the words of `errno`.
    package static func failure(_ what: String, _ url: URL) -> LocalLMError {
        let number = errno, reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT:
            return LocalLMError(.full, "\(what): \(reason)", context: url.path, hint: "make room on the disk")
        case EROFS:
            return LocalLMError(
                .readOnly,
                "\(what): \(reason)",
                context: url.path,
                hint: "make the file system writable"
            )
        default: return LocalLMError(.file, "\(what): \(reason)", context: url.path)
        }
    }
}

extension FileManager {
    /// Like `createDirectory(withIntermediateDirectories:)`, with errors of ours, and each new entry brought to disk.
    public func makeDirectories(_ url: URL) throws {
        if AtomicFile.exists(url) {
            guard try FileReader.exists(url) else {
                throw LocalLMError(.file, "is a link that leads nowhere", context: url.path)
            }
            return
        }
        let parent = url.deletingLastPathComponent()
        try makeDirectories(parent)
        guard mkdir(url.path, 0o755) == 0 || errno == EEXIST else { throw AtomicFile.failure("cannot be created", url) }
        try AtomicFile.sync(parent)
    }
}

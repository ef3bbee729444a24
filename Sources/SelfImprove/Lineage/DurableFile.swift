import Foundation

/// Files that are on the disk when the call returns (POSIX `fsync`, `rename`).
enum DurableFile {
    /// Writes and syncs a new file.
    static func write(_ bytes: Data, to file: URL) throws {
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("cannot be created", file) }
        defer { close(descriptor) }
        try bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let written = Foundation.write(descriptor, buffer.baseAddress! + offset, buffer.count - offset)
                if written < 0 {
                    if errno == EINTR { continue }
                    throw failure("cannot be written", file)
                }
                offset += written
            }
        }
        guard fsync(descriptor) == 0 else { throw failure("cannot be written to the disk", file) }
    }

    /// Syncs a file, or the entries of a directory.
    static func synchronize(_ url: URL) throws {
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot be opened", url) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("cannot be written to the disk", url) }
    }

    /// Syncs every file of a flat directory, then the directory.
    static func synchronizeTree(_ directory: URL) throws {
        for entry in try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil) {
            try synchronize(entry)
        }
        try synchronize(directory)
    }

    static func rename(_ source: URL, to target: URL) throws {
        guard Foundation.rename(source.path, target.path) == 0 else { throw failure("cannot be renamed to \(target.path)", source) }
    }

    static func failure(_ what: String, _ url: URL) -> SelfImproveError {
        let code = errno
        return SelfImproveError(
            .file, "\(what): \(String(cString: strerror(code)))", context: url.path,
            hint: code == ENOSPC ? "free some disk space, then run the same command again" : nil, retryable: code == ENOSPC)
    }
}

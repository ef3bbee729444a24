import Foundation

/// A file open for reading at any place. Errors name it.
///
/// Files are read with `pread`, not mapped: one that is cut off meanwhile is an error, where a mapped one would end the
/// process (SIGBUS). Only what does not fit into memory twice is mapped (`FileMapping`). Symbolic links are
/// followed: in Hugging Face's cache every file is one, into `blobs/`.
package final class FileReader {
    package let url: URL
    package let size: Int
    let descriptor: Int32

    package init(_ url: URL) throws {
        self.url = url
        // Without O_NONBLOCK, opening a pipe would wait for a writer. For files it means nothing.
        descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw AtomicFile.failure("cannot be read", url) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw LocalLMError(.file, "is not a file", context: url.path)
        }
        size = Int(status.st_size)
        guard try !isPointer() else {
            throw LocalLMError(
                .file,
                "is a Git LFS pointer, not the file that it stands for",
                context: url.path,
                hint: "fetch the files with: git lfs pull"
            )
        }
    }

    /// Whether Git LFS has left its few lines in the place of a large file.
    private func isPointer() throws -> Bool {
        let start = Array("version https://git-lfs.github.com/spec/".utf8)
        return try size >= start.count && size < 1024 && read(start.count, at: 0) == start
    }

    deinit { close(descriptor) }

    /// Whether a path leads to something that is no directory.
    package static func isFile(_ url: URL) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) && !isDirectory.boolValue
    }

    /// Whether there is something at a path; links are followed.
    /// - Throws: where nobody can tell: a directory on the way may not be searched.
    package static func exists(_ url: URL) throws -> Bool {
        var status = stat()
        if stat(url.path, &status) == 0 { return true }
        guard [ENOENT, ENOTDIR].contains(errno) else { throw AtomicFile.failure("cannot be reached", url) }
        return false
    }

    /// Fills `bytes` from `offset` on, or throws where the file ends before.
    package func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let count = pread(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw AtomicFile.failure("cannot be read", url) }
            guard count > 0 else {
                throw LocalLMError(.damaged, "ends at byte \(offset + done), too early", context: url.path)
            }
            done += count
        }
    }

    package func read(_ count: Int, at offset: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBytes { try read(into: $0, at: offset) }
        return bytes
    }

    /// Hands the file's bytes to `body`, a megabyte at a time.
    package func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try forEachChunk(of: 0..<size, body)
    }

    /// The same of a part.
    package func forEachChunk(of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(max(range.count, 1), 1 << 20), alignment: 64)
        defer { buffer.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, range.upperBound - offset)])
            try read(into: part, at: offset)
            try body(UnsafeRawBufferPointer(part))
            offset += part.count
        }
    }

    /// The bytes of a small file, refused beyond `limit`; nil where there is none.
    package static func contents(_ url: URL, limit: Int = 1 << 28) throws -> Data? {
        guard try exists(url) else { return nil }
        let reader = try FileReader(url)
        guard reader.size <= limit else {
            throw LocalLMError(
                .damaged,
                "is too large: \(reader.size) bytes, at most \(limit) are read",
                context: url.path
            )
        }
        return Data(try reader.read(reader.size, at: 0))
    }

    /// Of configurations, templates and the like. Most have a few KB; a tokenizer_config.json with many reserved tokens
    /// has 1 MB.
    static let longestConfiguration = 1 << 22

    /// The same as text, which must be UTF-8.
    package static func text(_ url: URL, limit: Int = longestConfiguration) throws -> String? {
        guard let data = try contents(url, limit: limit) else { return nil }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw LocalLMError(.damaged, "is not UTF-8", context: url.path)
        }
        return text
    }

    /// The same as JSON. A value takes far more memory than its text: of the longest file, every 16 bytes may be one.
    package static func json(_ url: URL, limit: Int = longestConfiguration) throws -> JSONValue? {
        guard let data = try contents(url, limit: limit) else { return nil }
        return try JSONParser.parse(data, context: url.path, maximumValues: limit / 16)
    }
}

import Foundation

/// A whole file in memory, read-only: its pages come when they are touched, and go when memory is wanted.
///
/// It is for files too large to be copied, and for nothing else: where such a file is cut off while it is mapped, the
/// process ends (SIGBUS); one that is deleted or replaced by renaming stays as it was. `FileReader.read` throws where
/// this cannot.
package final class FileMapping: @unchecked Sendable {
    package let bytes: UnsafeRawBufferPointer

    /// - Throws: where the file is empty, or the system refuses.
    init(descriptor: Int32, size: Int, url: URL) throws {
        guard size > 0, let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw AtomicFile.failure("cannot be mapped", url)
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count) }
}

extension FileReader {
    package func map() throws -> FileMapping { try FileMapping(descriptor: descriptor, size: size, url: url) }

    /// What tells this file from any other that has been in its place: its size, its number and its times.
    package func identity() throws -> String {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw AtomicFile.failure("cannot be read", url) }
        let (written, changed) = (status.st_mtim, status.st_ctim)
        return "\(status.st_size) \(status.st_ino) \(written.tv_sec).\(written.tv_nsec) "
            + "\(changed.tv_sec).\(changed.tv_nsec)"
    }
}

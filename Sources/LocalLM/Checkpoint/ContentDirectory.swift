import Crypto
import Foundation
import ModelFiles

/// Directories that are named by what they hold.
enum ContentDirectory {
    /// Writes a directory and gives it its digest for a name. Where that is already, it is verified and left as it is.
    /// - Parameters:
    ///   - write: makes the directory, and returns the digest of its files.
    ///   - verify: of a directory and a digest.
    static func store(
        in parent: URL,
        write: (URL) throws -> String,
        verify: (URL, String) throws -> Void
    ) throws -> String {
        let staging = parent.appendingPathComponent(".\(UUID().uuidString).tmp")
        let digest = try write(staging)
        let place = parent.appendingPathComponent(digest)
        if AtomicFile.exists(place) {
            AtomicFile.removeLeftover(staging)
            try verify(place, digest)
        } else {
            guard rename(staging.path, place.path) == 0 else {
                throw AtomicFile.failure("cannot be put in place", place)
            }
        }
        // Also where it is there already: the process that put it there may have been killed before this.
        try AtomicFile.sync(parent)
        return digest
    }

    /// `<sha256>  <name>` for every file, in the given order.
    static func sums(_ names: [String], in directory: URL) throws -> String {
        try names.map { "\(try sum(directory.appendingPathComponent($0)))  \($0)\n" }.joined()
    }

    /// SHA-256 of a file.
    static func sum(_ file: URL) throws -> String {
        let reader = try FileReader(file)
        var hash = SHA256()
        try reader.forEachChunk { hash.update(bufferPointer: $0) }
        return hash.finalize().hexadecimal
    }
}

import Foundation
import ModelFiles

/// Adapters under their digests, as models are kept.
extension Adapter {
    /// Saves as `parent/DIGEST`; where that is already, it is verified and left as it is.
    ///
    /// The digest is the SHA-256 of the lines that `sha256sum` prints for the two files of a PEFT directory.
    /// - Returns: the digest.
    public func store(in parent: URL, base: String) throws -> String {
        try ContentDirectory.store(in: parent) { staging in
            try save(to: staging, base: base)
            return try Self.digest(staging)
        } verify: {
            try Self.verify($0, digest: $1)
        }
    }

    /// - Throws: `.damaged` where the files are not those of the digest.
    public static func verify(_ directory: URL, digest expected: String) throws {
        let found = try digest(directory)
        guard found == expected else {
            throw LocalLMError(
                .damaged,
                "is not the adapter \(expected.prefix(12))",
                context: directory.path,
                hint: "its digest is \(found.prefix(12)); restore it from a backup"
            )
        }
    }

    static func digest(_ directory: URL) throws -> String {
        Checkpoint.digest(ofSums: try ContentDirectory.sums([File.configuration, File.weights], in: directory))
    }
}

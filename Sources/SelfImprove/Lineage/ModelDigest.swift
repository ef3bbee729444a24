import Crypto
import Foundation

/// A model's name: SHA-256 over what decides its answers (weights, config, tokenizer, template), not over its card.
public enum ModelDigest {
    /// - Throws: `SelfImproveError` for a directory without files.
    public static func of(directory: URL) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted().filter { $0 != "README.md" }
        guard !names.isEmpty else { throw SelfImproveError(.damaged, "the directory is empty", context: directory.path) }
        var hash = SHA256()
        for name in names {
            let bytes = try Data(contentsOf: directory.appendingPathComponent(name))
            hash.update(data: Data("\(name)\n\(bytes.count)\n".utf8))
            hash.update(data: bytes)
        }
        return ContentDigest.hexadecimal(hash.finalize())
    }
}

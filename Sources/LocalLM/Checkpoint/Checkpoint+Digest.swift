import Crypto
import Foundation
import ModelFiles

extension Checkpoint {
    /// A model's digest: the SHA-256 of the lines that `sha256sum` would print for its files in the order of their
    /// names (weights, configurations, tokenizer, template; not the card). `SHA256SUMS` is those lines, so its digest
    /// is the model's. That of a GGUF file is its own SHA-256.
    public static func digest(_ url: URL) throws -> String {
        FileReader.isFile(url) ? try ContentDirectory.sum(url) : digest(ofSums: try sums(url))
    }

    /// Reads every byte of a model again.
    /// - Throws: `damaged`, naming the files that changed where `SHA256SUMS` still tells.
    public static func verify(_ directory: URL, digest expected: String) throws {
        let found = try sums(directory)
        guard digest(ofSums: found) != expected.lowercased() else { return }
        let kept = try FileReader.text(directory.appendingPathComponent(File.sums))
        guard let kept, digest(ofSums: kept) == expected.lowercased() else {
            throw LocalLMError(
                .damaged,
                "is not the model \(expected.prefix(12))",
                context: directory.path,
                hint: "its digest is \(digest(ofSums: found).prefix(12))"
            )
        }
        let then = Set(kept.split(separator: "\n").map(String.init)),
            now = Set(found.split(separator: "\n").map(String.init))
        let names = Set(then.symmetricDifference(now).map { String($0.dropFirst(66)) }).sorted()
        throw LocalLMError(
            .damaged,
            "\(names.joined(separator: ", ")) changed since the model \(expected.prefix(12)) was written",
            context: directory.path,
            hint: "the model is not used; restore it from a copy"
        )
    }

    static func digest(ofSums sums: String) -> String { SHA256.hash(data: Data(sums.utf8)).hexadecimal }

    /// `<sha256>  <name>` for every file that makes the model, in the order of the names.
    static func sums(_ directory: URL) throws -> String {
        var names = [File.configuration, File.generation, File.tokenizer, File.tokenizerConfiguration, File.template]
        let exists = { (name: String) in
            FileManager.default.fileExists(atPath: directory.appendingPathComponent(name).path)
        }
        if exists(File.weights) {
            names.append(File.weights)
        } else {
            guard let index = try WeightFiles.index(directory) else {
                throw ModelDirectory.missing(directory.appendingPathComponent(File.weights))
            }
            names += [File.index] + index.shards
        }
        return try ContentDirectory.sums(
            names.sorted().filter { exists($0) || $0.hasSuffix(".safetensors") },
            in: directory
        )
    }
}

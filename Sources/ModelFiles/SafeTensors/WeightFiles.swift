import Foundation

/// The headers of a directory's weights: `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
///
/// Shards are files of the directory by their plain names: an index leads nowhere else. What the directory itself holds
/// may be symbolic links, as in Hugging Face's cache, where every file is one.
package struct WeightFiles: WeightSource {
    package let url: URL
    /// In the order of their names.
    package let files: [SafeTensorsFile]
    /// Which of the files holds a tensor.
    private let places: [String: Int]
    /// The tensors that the index lists; nil where there is none.
    private let listed: Set<String>?
    private let mappings = Mappings()

    /// Of an index: 100,000 tensors need some 10 MB.
    private static let longestIndex = 1 << 25

    package init(_ directory: URL) throws {
        url = directory
        let single = directory.appendingPathComponent(ModelDirectory.File.weights)
        if try FileReader.exists(single) {
            files = [try SafeTensorsFile(single)]
            places = try Self.places(files)
            listed = nil
            return
        }
        guard let index = try Self.index(directory) else { throw ModelDirectory.missing(single) }
        let names = index.shards
        files = try names.map { try SafeTensorsFile(directory.appendingPathComponent($0)) }
        places = try Self.places(files)
        for (tensor, shard) in index.map {
            // An output projection that is tied is listed by some and stored by none. One that is not tied is missed.
            if tensor == "lm_head.weight", places[tensor] == nil { continue }
            guard let place = places[tensor], names[place] == shard else {
                throw LocalLMError(
                    .damaged,
                    "tensor \(tensor) is not in \(shard), where the index has it",
                    context: index.url.path
                )
            }
        }
        listed = Set(index.map.keys)
    }

    /// A checked index.
    package struct Index {
        let url: URL
        /// The shard of every tensor.
        let map: [String: String]
        /// Each once, in the order of their names.
        package let shards: [String]
    }

    /// Reads a directory's index; nil where it has none.
    package static func index(_ directory: URL) throws -> Index? {
        let url = directory.appendingPathComponent(ModelDirectory.File.index)
        guard let json = try FileReader.json(url, limit: longestIndex) else { return nil }
        guard let members = json["weight_map"]?.members, !members.isEmpty else {
            throw LocalLMError(.damaged, "weight_map is missing or empty", context: url.path)
        }
        var map: [String: String] = [:]
        for member in members {
            guard let name = member.value.string, isPlainName(name) else {
                throw LocalLMError(
                    .damaged,
                    "tensor \(member.key.prefix(200)) is said to be in \(member.value.string.map { "\"\($0.prefix(200))\"" } ?? member.value.kind), which is not a file of this directory",
                    context: url.path
                )
            }
            map[member.key] = name
        }
        return Index(url: url, map: map, shards: Set(map.values).sorted())
    }

    private static func isPlainName(_ name: String) -> Bool {
        name.utf8.count <= 255 && name.hasSuffix(".safetensors") && !name.hasPrefix(".")
            && name.unicodeScalars.allSatisfy { $0 != "/" && $0 != "\\" && $0.value >= 0x20 }
    }

    private static func places(_ files: [SafeTensorsFile]) throws -> [String: Int] {
        var places: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            for name in file.entries.keys {
                guard places.updateValue(index, forKey: name) == nil else {
                    throw LocalLMError(
                        .damaged,
                        "is in another shard too",
                        context: "\(file.reader.url.path): tensor \(name)"
                    )
                }
            }
        }
        return places
    }

    // MARK: Reading

    package var holdsBFloat16: Bool { files.allSatisfy { $0.holdsOnly(.bfloat16) } }

    package var names: [String] { places.keys.sorted() }

    /// The file that holds a tensor; nil where none does.
    private func file(of tensor: String) -> SafeTensorsFile? { places[tensor].map { files[$0] } }

    package func place(of name: String) -> String { "\((file(of: name)?.reader.url ?? url).path): tensor \(name)" }

    package func shape(of name: String) throws -> [Int]? {
        guard let file = file(of: name) else { return nil }
        guard listed?.contains(name) ?? true else {
            throw LocalLMError(.damaged, "is not in the index", context: place(of: name))
        }
        return try file.weights(name).shape
    }

    package let readsParts = true

    package func read(_ name: String, from first: Int, into destination: UnsafeMutableBufferPointer<Float>) throws {
        try require(name).read(name, from: first, into: destination)
    }

    package func halves(of name: String) throws -> MappedHalves? {
        let file = try require(name), entry = try file.weights(name)
        // A header may put them at an odd byte.
        guard entry.type == .bfloat16, entry.range.lowerBound % 2 == 0, !entry.range.isEmpty else { return nil }
        let mapping = try mappings.mapping(of: file)
        return MappedHalves(
            start: (mapping.bytes.baseAddress! + entry.range.lowerBound).assumingMemoryBound(to: UInt16.self),
            count: entry.range.count / 2,
            mapping: mapping
        )
    }

    package func identity() throws -> String? {
        try files.map { "\($0.reader.url.lastPathComponent) \(try $0.reader.identity())\n" }.joined()
    }

    private func require(_ name: String) throws -> SafeTensorsFile {
        guard let file = file(of: name) else {
            throw LocalLMError(.damaged, "tensor \(name) is missing", context: url.path)
        }
        return file
    }

    /// The files that are mapped, once each.
    private final class Mappings {
        private var made: [String: FileMapping] = [:]
        private let lock = NSLock()

        func mapping(of file: SafeTensorsFile) throws -> FileMapping {
            lock.lock()
            defer { lock.unlock() }
            let path = file.reader.url.path
            let mapping = try made[path] ?? file.reader.map()
            made[path] = mapping
            return mapping
        }
    }
}

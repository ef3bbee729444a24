import Foundation
import LocalLM
import ModelFiles

/// Zip archives: an entry that is read has the bytes that its archive says, and no more are ever made.
struct ArchiveTarget: FuzzTarget {
    static let name = "archive"

    private let url: URL
    private let file: InputFile
    private let bytes = Mutator(words: ["PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", ".gguf", "model.gguf", "\u{8}"])

    init(folder: URL) throws {
        url = folder.appendingPathComponent("model.whl")
        file = try InputFile(url)
    }

    func input(_ random: inout RandomStream) -> FuzzInput {
        var archive = random.element(of: ArchiveSeeds.all)
        if random.one(in: 4) {
            bytes.mutate(&archive, with: random.element(of: ArchiveSeeds.all), &random)
            return [archive]
        }
        // In place: what is compressed, and the lists, stay where they are.
        for _ in 0..<random.small() {
            let at = random.integer(below: archive.count)
            archive[at] = random.one(in: 2) ? archive[at] ^ UInt8(1 << random.integer(below: 8)) : 0xFF
        }
        return [archive]
    }

    func read(_ input: FuzzInput) throws {
        try file.write(input[0])
        guard try ZipArchive.isArchive(url) else { throw LocalLMError(.damaged, "is not an archive") }
        let archive = try ZipArchive(url), entry = try archive.entry(endingIn: ".gguf")
        var size = 0
        try archive.read(entry) { piece in
            size += piece.count
            try require(size <= entry.size, "more than the \(entry.size) bytes of the entry")
        }
        try require(size == entry.size, "\(size) of \(entry.size) bytes")
    }
}

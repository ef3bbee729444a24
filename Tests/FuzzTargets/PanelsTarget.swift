import Foundation
import LocalLM
import ModelFiles

/// Packed weights beside a model: a file is used whole, as it is, or not at all.
struct PanelsTarget: FuzzTarget {
    static let name = "panels"

    private static let count = 192
    private let panels: PanelFile
    private let file: InputFile
    private let bytes = Mutator(words: ["selfimprove panels 1\n", "format ", "model ", "bytes 192\n", "\0"])

    init(folder: URL) throws {
        panels = PanelFile(
            directory: folder,
            precision: "bf16",
            format: "bf16 1, width 32",
            identity: "5ca1ab1e",
            count: Self.count
        )
        try FileManager.default.makeDirectories(panels.url.deletingLastPathComponent())
        file = try InputFile(panels.url)
    }

    func input(_ random: inout RandomStream) -> FuzzInput {
        var bytes = panels.head + (0..<Self.count).map { _ in UInt8(random.integer(below: 256)) }
        switch random.integer(below: 4) {
        case 0:  // numbers, which may be any
            for _ in 0..<random.small() { bytes[PanelFile.headCount + random.integer(below: Self.count)] ^= 0xFF }
        case 1: bytes[random.integer(below: PanelFile.headCount)] ^= UInt8(1 << random.integer(below: 8))
        case 2:  // as if the head were not padded: shorter and longer files
            bytes.removeSubrange(random.integer(below: PanelFile.headCount)..<PanelFile.headCount)
            self.bytes.mutate(&bytes, with: panels.head, &random)
        default: self.bytes.mutate(&bytes, with: panels.head, &random)
        }
        return [bytes]
    }

    func read(_ input: FuzzInput) throws {
        try file.write(input[0])
        guard let opened = panels.open() else { throw LocalLMError(.damaged, "is not this model's file of panels") }
        try require(opened.count == Self.count, "\(opened.count) bytes of panels")
        try require(input[0].count == PanelFile.headCount + Self.count, "a file of \(input[0].count) bytes is used")
        try require(input[0].starts(with: panels.head), "a file of another head is used")
        let found = UnsafeRawBufferPointer(start: opened.start, count: opened.count)
        try require(found.elementsEqual(input[0][PanelFile.headCount...]), "other panels than the file's")
    }
}

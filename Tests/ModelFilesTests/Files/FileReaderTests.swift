import Foundation
import Testing
import TestSupport

@testable import ModelFiles

@Suite struct FileReaderTests {
    /// Weights, a tokenizer or rows: whatever Git LFS has not fetched.
    @Test(arguments: ["model.safetensors", "tokenizer.json", "rows.jsonl", "model.gguf"])
    func aPointerOfGitLFSIsNotTheFile(name: String) throws {
        try withTemporaryDirectory { folder in
            let file = folder.appendingPathComponent(name)
            let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 269060552\n"
            try pointer.write(to: file, atomically: true, encoding: .utf8)
            for read in [{ _ = try FileReader(file) }, { _ = try FileReader.contents(file) }] {
                #expect { try read() } throws: { "\($0)".contains("\(name): is a Git LFS pointer") }
            }
            try ("not a " + pointer).write(to: file, atomically: true, encoding: .utf8)
            #expect(try FileReader(file).size == pointer.utf8.count + 6)
        }
    }

    @Test func whatIsNotThereIsNotWhatMayNotBeReached() throws {
        try withTemporaryDirectory { folder in
            #expect(try !FileReader.exists(folder.appendingPathComponent("a/b")))
            #expect(try FileReader.exists(folder))
            let loop = folder.appendingPathComponent("loop")
            try FileManager.default.createSymbolicLink(at: loop, withDestinationURL: loop)
            #expect(throws: LocalLMError.self) { _ = try FileReader.exists(loop) }
        }
    }
}

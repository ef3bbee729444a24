import Foundation
import Testing

@testable import ModelFiles

/// What is not supported is refused by its name; damage is an error, never a crash.
@Suite struct TokenizerFileTests {
    private func tokenizer(
        _ parts: String = "",
        model: String = #""type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]"#
    ) throws -> Tokenizer {
        try Tokenizer(json: Data("{\(parts)\(parts.isEmpty ? "" : ",")\"model\":{\(model)}}".utf8))
    }

    private func message(_ body: () throws -> Tokenizer) -> String {
        do { _ = try body() } catch { return "\(error)" }
        return ""
    }

    @Test(arguments: [
        (#""pre_tokenizer":{"type":"Whitespace"}"#, "Whitespace"), (#""normalizer":{"type":"Nmt"}"#, "Nmt"),
        (#""decoder":{"type":"CTC"}"#, "CTC"),
        (#""pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Isolated","invert":false}"#, #"\w+"#),
        (#""normalizer":{"type":"Replace","pattern":{"Regex":"a"},"content":"b"}"#, "regular expression"),
        (#""decoder":{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"ByteFallback"}]}"#, "ByteFallback"),
    ]) func unknownPartsAreNamed(_ part: String, _ name: String) {
        #expect(message { try tokenizer(part) }.contains(name))
    }

    @Test(arguments: ["Unigram", "WordPiece", "WordLevel"]) func otherModelsAreNamed(_ type: String) {
        #expect(message { try tokenizer(model: "\"type\":\"\(type)\",\"vocab\":{}") }.contains(type))
    }

    @Test func textCannotGrowWithoutBound() {
        let step = #"{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaa"}"#
        #expect(
            message { try tokenizer("\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[\(step),\(step)]}") }
                .contains("grow")
        )
    }

    @Test func everyPrefixOfAFileIsAnError() throws {
        let json = Array(
            #"{"added_tokens":[{"id":3,"content":"<x>"}],"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}}"#
                .utf8
        )
        #expect(try Tokenizer(json: Data(json)).encode("ab<x>a") == [2, 3, 0])
        for end in json.indices { #expect(throws: LocalLMError.self) { try Tokenizer(json: Data(json[..<end])) } }
    }

    @Test func aLongTextThatNothingSplitsIsNotQuadratic() throws {
        let tokenizer = try tokenizer()
        let clock = ContinuousClock()
        func time(_ count: Int) -> Duration {
            clock.measure { #expect(tokenizer.encode(String(repeating: "ab", count: count)).count == count) }
        }
        let short = (0..<3).map { _ in time(5_000) }.min()!, long = (0..<3).map { _ in time(100_000) }.min()!
        #expect(long < short * 100, "\(short) for 10 KB, \(long) for 200 KB")
    }

    @Test func scalarsNewerThanTheLibrarysTablesHaveNoClass() {
        let classes = ScalarClasses.shared
        #expect(classes.of(0x16EA0) == .other)  // a letter of Unicode 17
        #expect(classes.of(0x10D4A) == .letter)  // of Unicode 16
        #expect(Unicode.Scalar(0x11DE0)!.isNumeric)  // Rust's own tables are newer
    }
}

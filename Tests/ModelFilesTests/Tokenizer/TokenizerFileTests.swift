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

    /// tokenizer_config.json may declare tokens that tokenizer.json does not have.
    @Test func tokensOfTheConfigurationAreAdded() throws {
        let token = #"{"id":3,"content":"<s>","special":true}"#
        let model = #""model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}"#
        let file = Data("{\"added_tokens\":[\(token),\(token)],\(model)}".utf8)
        func tokenizer(_ others: String) throws -> Tokenizer {
            try Tokenizer(json: file, addedTokens: JSONParser.parse(others.utf8, context: "others"))
        }
        let both = try tokenizer(#"{"5":{"content":"<y>"},"3":{"content":"<s>"},"4":{"content":"<x>","special":true}}"#)
        #expect(both.encode("a<x>ab<y><s>") == [0, 4, 2, 5, 3])
        #expect(both.vocabularySize == 6 && both.decode([4, 5], skippingSpecialTokens: true) == "<y>")
        #expect(message { try tokenizer(#"{"7":{"content":"<x>"}}"#) }.contains("has the id 7 where 4 follows"))
        #expect(message { try tokenizer(#"{"x":{"content":"<x>"}}"#) }.contains("lacks an id"))
    }

    /// A text and what follows it share their tokens up to where they meet.
    @Test func aTokenAcrossTheEndOfAPartIsNotOfThePart() throws {
        let tokenizer = try tokenizer()
        func count(_ part: String, _ rest: String) -> Int {
            tokenizer.count(of: tokenizer.encode(part + rest), within: part)
        }
        #expect(count("ab", "ab") == 1 && count("a", "b") == 0 && count("aba", "bb") == 1 && count("", "ab") == 0)
        #expect(count("ab", "") == 1)
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

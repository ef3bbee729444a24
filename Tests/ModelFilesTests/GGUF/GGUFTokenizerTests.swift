import Foundation
import TestSupport
import Testing

@testable import FuzzTargets
@testable import ModelFiles

/// Tokenizers from the metadata of GGUF files.
@Suite struct GGUFTokenizerTests {
    private func model(_ image: GGUFImage) throws -> ModelDirectory {
        try withTemporaryDirectory { folder in
            let url = folder.appendingPathComponent("model.gguf")
            try Data(image.bytes).write(to: url)
            return try ModelDirectory(url)
        }
    }

    private func image(_ index: Int, _ changes: [(String, GGUFImage.Value)] = []) -> GGUFImage {
        var image = GGUFSeeds.all()[index]
        for (key, value) in changes {
            image.metadata.removeAll { $0.key == key }
            image.metadata.append((key, value))
        }
        return image
    }

    private func words(_ text: String, _ model: ModelDirectory) -> [String] {
        model.tokenizer.encode(text).map { model.tokenizer.token($0) ?? "?" }
    }

    @Test func eachNameOfWordsCutsInItsWay() throws {
        let tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "1", "2", "3", "4", "12", "123", "1234", "Ġ", "a"]
        let merges = ["1 2", "12 3", "123 4"]
        func digits(_ name: String, architecture: Int = 0) throws -> [String] {
            var image = image(
                architecture,
                [
                    ("tokenizer.ggml.pre", .text(name)), ("tokenizer.ggml.tokens", .texts(tokens)),
                    ("tokenizer.ggml.merges", .texts(merges)),
                    ("tokenizer.ggml.token_type", .integers(tokens.map { _ in 1 })),
                ]
            )
            if name.isEmpty { image.metadata.removeAll { $0.key == "tokenizer.ggml.pre" } }
            return words("1234", try model(image))
        }
        #expect(try digits("gpt-2") == ["1234"])
        #expect(try digits("default") == ["1234"])
        #expect(try digits("") == ["1234"])
        #expect(try digits("smollm") == ["1", "2", "3", "4"])
        #expect(try digits("llama-bpe") == ["123", "4"])
        #expect(try digits("qwen2") == ["1", "2", "3", "4"])
        #expect(try digits("default", architecture: 3) == ["1", "2", "3", "4"], "Qwen's files without a name")
    }

    @Test func scoresBecomeMerges() throws {
        let model = try model(image(1))
        #expect(words("ab", model) == ["▁ab"])
        #expect(words("a  b", model) == ["▁a", "▁▁", "b"], "what a person added is put together first")
        #expect(words("é\u{1}", model) == ["▁", "é", "<0x01>"])
        #expect(words("<s>a</s>", model) == ["<s>", "▁a", "</s>"])
        #expect(model.tokenizer.decode(model.tokenizer.encode("ab a")) == "ab a")
        let bare = try self.model(image(1, [("tokenizer.ggml.add_space_prefix", .flag(false))]))
        #expect(words("ab", bare) == ["ab"])
    }

    @Test func specialTokensEndsAndTemplateComeFromTheMetadata() throws {
        let model = try model(image(0))
        #expect(model.configuration.bosTokenID == 1 && model.configuration.padTokenID == 2)
        #expect(model.configuration.eosTokenIDs == [2, 0], "also the end of a text that the file does not name")
        #expect(model.tokenizerConfiguration?["eos_token"]?.string == "<|im_end|>")
        #expect(model.template?.specialTokens["bos_token"] == "<|im_start|>")
        #expect(
            try model.template?.render([Message(role: "user", content: "Hi")], addGenerationPrompt: false)
                == "<|im_start|>user\nHi<|im_end|>\n"
        )
        let json = try JSONParser.parse(model.tokenizer.json, context: "")
        #expect(json["post_processor"] == nil)
        let adding = try self.model(image(1))
        let processor = try JSONParser.parse(adding.tokenizer.json, context: "")["post_processor"]
        #expect(processor?["special_tokens"]?["<s>"]?["ids"] == .array([.integer(1)]), "SentencePiece begins with BOS")
        #expect(adding.tokenizer.encode("a").count == 1, "which this program leaves to the template")
    }

    @Test func idsWithoutATokenStayWithout() throws {
        var image = image(0)
        guard case .texts(var tokens) = image.metadata.first(where: { $0.key == "tokenizer.ggml.tokens" })?.value,
            case .integers(var kinds) = image.metadata.first(where: { $0.key == "tokenizer.ggml.token_type" })?.value,
            case .texts(let merges) = image.metadata.first(where: { $0.key == "tokenizer.ggml.merges" })?.value
        else { return #expect(Bool(false)) }
        let last = tokens.count - 1
        tokens[last] = "[PAD\(last)]"
        kinds[last] = 5
        image = self.image(
            0,
            [
                ("tokenizer.ggml.tokens", .texts(tokens)), ("tokenizer.ggml.token_type", .integers(kinds)),
                ("tokenizer.ggml.merges", .texts(merges.dropLast())),  // that of the token which goes
            ]
        )
        let model = try model(image)
        #expect(model.tokenizer.id(of: "[PAD\(last)]") == nil && model.tokenizer.vocabularySize == last)
    }
}

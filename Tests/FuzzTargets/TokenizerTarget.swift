import Foundation
import LocalLM
import ModelFiles

/// `tokenizer.json`: what is accepted encodes any text into ids of its vocabulary, and decodes them.
struct TokenizerTarget: FuzzTarget {
    static let name = "tokenizer"

    private static let texts = [
        "", " ", "Hello, world! The year is 2025.", "  two\n\n\tlines\r\n  ", "naïve e\u{301} 漢字かな 🙂\u{200D}👩 \u{FEFF}",
        "it's we'll I'M <|end|> <|im_start|>the\u{0}",
        "<s>[INST] the </s> ▁the Ġthe <0x41>", String(repeating: "a", count: 600),
        String(repeating: "the a1 ", count: 60), String(repeating: " ", count: 200),
    ]

    private let seeds: [JSONValue]
    private let json: JSONMutator
    private let bytes: Mutator

    init(folder: URL) throws {
        seeds = try TokenizerSeeds.all()
        json = JSONMutator(words: TokenizerSeeds.words, fragments: try TokenizerSeeds.fragments())
        bytes = Mutator(words: TokenizerSeeds.words.map { JSONValue.string($0).text() })
    }

    func input(_ random: inout RandomStream) -> FuzzInput {
        var value = random.element(of: seeds)
        if !random.one(in: 8) { mutate(&value, &random) }
        var text = value.bytes
        if random.one(in: 8) { bytes.mutate(&text, with: random.element(of: seeds).bytes, &random) }
        return [text]
    }

    /// Mostly one part of the file, for nearly all of its members are vocabulary.
    private func mutate(_ value: inout JSONValue, _ random: inout RandomStream) {
        let parts = ["normalizer", "pre_tokenizer", "decoder", "post_processor", "added_tokens", "model"]
        for _ in 0..<random.small() {
            let key = random.element(of: parts)
            guard !random.one(in: 6), var part = value[key] else {
                json.mutate(&value, &random)
                continue
            }
            json.mutate(&part, &random)
            value = value.setting(key, part)
        }
    }

    func read(_ input: FuzzInput) throws {
        let tokenizer = try Tokenizer(json: Data(input[0]))
        let ids = 0..<tokenizer.vocabularySize
        for text in Self.texts {
            let encoded = tokenizer.encode(text)
            try require(
                encoded.allSatisfy(ids.contains),
                "\(text.debugDescription) has ids beyond the \(ids.count) of the vocabulary"
            )
            try require(tokenizer.encode(text) == encoded, "\(text.debugDescription) is encoded in two ways")
            _ = tokenizer.decode(encoded)
            _ = tokenizer.decode(encoded, skippingSpecialTokens: true)
        }
        for id in [-1, 0, 1, 2, 255, 256, ids.count - 1, ids.count, .max, .min] {
            _ = tokenizer.decode([id, id])
            if let token = tokenizer.token(id) {
                try require(tokenizer.id(of: token) == id, "token \(id) has another id")
            }
        }
    }
}

import Foundation

extension Tokenizer {
    /// A tokenizer with one token for each of `words`; everything else is spelled character by character.
    ///
    /// It is byte-level BPE without merges, and with `ignore_merges`: a word of GPT-2's pattern (mostly with its
    /// leading space) that is in the vocabulary is one token, any other falls into its bytes. So " the" is a token, and
    /// " them" and "other" are spelled. Added tokens with `single_word` cannot do this: that flag demands that no word
    /// character precedes the match, which a token with a leading space, coming after a word, always fails (tried with
    /// tokenizers 0.23).
    ///
    /// Text outside of alphabet and words is dropped when encoding, as `tokenizers` drops it: there is no unknown
    /// token.
    ///
    ///     let tokenizer = try Tokenizer.wordLevel(words: [" the"], alphabet: "abc ", specialTokens: ["<|end|>"])
    ///     tokenizer.encode("a the<|end|>")  // [1, 5, 0]
    ///
    /// - Parameters:
    ///   - words: with a leading space where they have one; each must be one word of the pattern ("Reverse", " the",
    ///     ":"). Words of one character that the alphabet holds, and repetitions, cost no id.
    ///   - alphabet: the characters that can be spelled.
    ///   - specialTokens: their ids are their places, from 0; those of alphabet and words follow.
    /// - Throws: `input` for a word that the pattern would cut.
    package static func wordLevel(words: [String], alphabet: String, specialTokens: [String]) throws -> Tokenizer {
        var vocabulary: [JSONValue.Member] = []
        var seen = Set<[UInt8]>()
        func add(_ token: String) {
            guard seen.insert(Array(token.utf8)).inserted else { return }
            vocabulary.append(.init(token, .integer(vocabulary.count)))
        }
        for token in specialTokens { add(token) }
        for byte in alphabet.utf8 { add(ByteAlphabet.encode(CollectionOfOne(byte))) }
        for word in words {
            var pieces = 0
            var text = word
            text.withUTF8 { bytes in SplitPattern.gpt2.split(bytes) { _ in pieces += 1 } }
            guard pieces == 1 else {
                throw LocalLMError(
                    .input,
                    "the template word \"\(word)\" is \(pieces) words",
                    hint: "one word each, with at most one leading space"
                )
            }
            add(ByteAlphabet.encode(word.utf8))
        }

        func byteLevel(_ addsPrefixSpace: Bool) -> JSONValue {
            .object([
                .init("type", .string("ByteLevel")), .init("add_prefix_space", .bool(addsPrefixSpace)),
                .init("trim_offsets", .bool(true)),
                .init("use_regex", .bool(true)),
            ])
        }
        let added = specialTokens.enumerated().map { id, token in
            JSONValue.object([
                .init("id", .integer(id)), .init("content", .string(token)),
                .init("single_word", .bool(false)),
                .init("lstrip", .bool(false)), .init("rstrip", .bool(false)), .init("normalized", .bool(false)),
                .init("special", .bool(true)),
            ])
        }
        let root = JSONValue.object([
            .init("version", .string("1.0")), .init("truncation", .null), .init("padding", .null),
            .init("added_tokens", .array(added)),
            .init("normalizer", .null), .init("pre_tokenizer", byteLevel(false)), .init("post_processor", .null),
            .init("decoder", byteLevel(true)),
            .init(
                "model",
                .object([
                    .init("type", .string("BPE")), .init("dropout", .null), .init("unk_token", .null),
                    .init("continuing_subword_prefix", .null), .init("end_of_word_suffix", .null),
                    .init("fuse_unk", .bool(false)),
                    .init("byte_fallback", .bool(false)), .init("ignore_merges", .bool(true)),
                    .init("vocab", .object(vocabulary)),
                    .init("merges", .array([])),
                ])
            ),
        ])
        return try Tokenizer(json: Data(root.text(indented: true).utf8))
    }
}

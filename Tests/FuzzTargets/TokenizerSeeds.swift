import ModelFiles

/// Small tokenizer.json of the kinds that are in use.
enum TokenizerSeeds {
    private static let llamaPattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let qwenPattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let gptPattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    static let words = [
        "type", "ByteLevel", "Split", "Sequence", "Digits", "Metaspace", "ByteFallback", "Fuse", "Strip", "Replace",
        "Prepend", "NFC", "NFKC", "NFD",
        "Lowercase",
        "BPE", "Unigram", "WordPiece", "Whitespace", "Punctuation", "BertNormalizer", "TemplateProcessing",
        "pretokenizers", "decoders", "normalizers",
        "pattern",
        "Regex", "String", "behavior", "Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous",
        "invert", "individual_digits",
        "replacement",
        "prepend_scheme", "always", "never", "first", "split", "content", "start", "stop", "prepend",
        "add_prefix_space", "use_regex", "trim_offsets", "vocab",
        "merges", "unk_token", "byte_fallback", "fuse_unk", "dropout", "ignore_merges", "continuing_subword_prefix",
        "end_of_word_suffix", "id", "single_word",
        "lstrip", "rstrip", "normalized", "special", "added_tokens", "model", "normalizer", "pre_tokenizer", "decoder",
        "post_processor", "▁", "Ġ", "Ċ",
        "<unk>",
        "<0x41>", "<0xFF>", "<0x00>", "<0xGG>", "a", "b", " ", "", "t h", "Ġ t", "h e", "a a", "aa aa", "the",
        "e\u{301}", "é", "\u{FDFA}", "ﬁ", "<|end|>",
        gptPattern, llamaPattern, qwenPattern, #"\s+"#, #"(a+)+$"#, #"(a|a)*b"#, #"(a|aa)+$"#, #"(?:a?){30}a{30}"#,
        #"a{1000}"#, #"(?:a{100}){100}"#,
        #"(?=a)"#, #"(?!a)*"#, #"[^\s\p{L}]"#, #"\p{Han}"#, #"\p{Nope}"#, "(", "[", "[z-a]", "*", "a**", "a{2,1}",
        "a{99999999999}", "(?<!a)b", #"\1"#,
        "(?i:k)",
        #"\x{110000}"#, "|", "^", "$", "()", "(?:)", "(?:)*", #"[\s\S]*?"#, ".*", "\\",
    ]

    static func fragments() throws -> [JSONValue] {
        try [
            #"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":false}"#,
            #"{"type":"Digits","individual_digits":true}"#,
            #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}"#,
            #"{"type":"Sequence","pretokenizers":[]}"#,
            #"{"type":"Split","pattern":{"Regex":"(a+)+$"},"behavior":"Isolated","invert":false}"#,
            #"{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":true}"#,
            #"{"type":"NFC"}"#, #"{"type":"NFKC"}"#,
            #"{"type":"Replace","pattern":{"String":" "},"content":"▁"}"#,
            #"{"type":"Replace","pattern":{"String":""},"content":"xx"}"#,
            #"{"type":"Replace","pattern":{"Regex":"a*"},"content":"aaaa"}"#, #"{"type":"Prepend","prepend":"▁"}"#,
            #"{"type":"Strip","content":" ","start":1,"stop":0}"#,
            #"{"type":"Strip","content":"","start":9223372036854775807,"stop":-1}"#,
            #"{"id":7,"content":"the","single_word":true,"lstrip":true,"rstrip":true,"normalized":true,"special":false}"#,
            #"["a","a"]"#, #"["Ġ","t"]"#,
        ].map { try JSONParser.parse($0.utf8, context: "fragment") }
    }

    static func all() throws -> [JSONValue] {
        let bytes = byteLevel(
            ["th", "the", "Ġt", "Ġthe", "he", "aa", "aaaa"],
            merges: ["t h", "h e", "Ġ t", "th e", "Ġt he", "a a", "aa aa"]
        )
        let pieces = sentencePiece(
            ["▁", "t", "h", "e", "a", "th", "the", "▁the", "aa"],
            merges: ["t h", "th e", "▁ the", "a a"]
        )
        let split = { (pattern: String, more: String) in
            #"{"type":"Sequence","pretokenizers":[\#(more){"type":"Split","pattern":{"Regex":\#(JSONValue.string(pattern).text())},"behavior":"Isolated","invert":false},"#
                + #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}"#
        }
        let byteLevel = #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#
        return [
            try Tokenizer.spelling([" the", "Reverse"]).root(),
            try file(normalizer: "null", pre: byteLevel, decoder: byteLevel, model: bytes, added: ["<|end|>"]),
            try file(
                normalizer: "null",
                pre: byteLevel,
                decoder: byteLevel,
                model: bytes.setting("ignore_merges", .bool(true)),
                added: []
            ),
            try file(
                normalizer: "null",
                pre: split(llamaPattern, ""),
                decoder: byteLevel,
                model: bytes.setting("ignore_merges", .bool(true)),
                added: ["<|end|>"]
            ),
            try file(
                normalizer: #"{"type":"NFC"}"#,
                pre: split(qwenPattern, ""),
                decoder: byteLevel,
                model: bytes,
                added: ["<|im_start|>", "<|end|>"]
            ),
            try file(
                normalizer: "null",
                pre: split(gptPattern, #"{"type":"Digits","individual_digits":true},"#),
                decoder: byteLevel,
                model: bytes,
                added: ["<|end|>"]
            ),
            try file(
                normalizer:
                    #"{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}"#,
                pre: "null",
                decoder: pieceDecoder,
                model: pieces,
                added: ["<s>", "</s>"]
            ),
            try file(
                normalizer: #"{"type":"Replace","pattern":{"String":" "},"content":"▁"}"#,
                pre: #"{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}"#,
                decoder: pieceDecoder,
                model: pieces,
                added: ["<bos>"]
            ),
            try file(
                normalizer: "null",
                pre: #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}"#,
                decoder: pieceDecoder,
                model: pieces,
                added: ["<s>", "</s>"]
            ),
        ]
    }

    private static let pieceDecoder =
        #"{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},"#
        + #"{"type":"Strip","content":" ","start":1,"stop":0}]}"#

    private static func file(normalizer: String, pre: String, decoder: String, model: JSONValue, added: [String]) throws
        -> JSONValue
    {
        let count = model["vocab"]?.members?.count ?? 0
        let tokens = added.enumerated().map { index, content in
            JSONValue.object([
                .init("id", .integer(count + index)), .init("content", .string(content)),
                .init("single_word", .bool(false)), .init("lstrip", .bool(false)),
                .init("rstrip", .bool(index % 2 == 1)), .init("normalized", .bool(false)),
                .init("special", .bool(true)),
            ])
        }
        func part(_ text: String) throws -> JSONValue { try JSONParser.parse(text.utf8, context: "seed") }
        return .object([
            .init("version", .string("1.0")), .init("truncation", .null), .init("padding", .null),
            .init("added_tokens", .array(tokens)),
            .init("normalizer", try part(normalizer)), .init("pre_tokenizer", try part(pre)),
            .init("post_processor", .null),
            .init("decoder", try part(decoder)), .init("model", model),
        ])
    }

    /// A BPE model over GPT-2's alphabet of bytes.
    private static func byteLevel(_ tokens: [String], merges: [String]) -> JSONValue {
        let printable = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        let alphabet = (printable + (0..<(256 - printable.count)).map { 0x100 + $0 }).map {
            String(Unicode.Scalar($0)!)
        }
        return model(
            alphabet + tokens,
            merges: merges.map(JSONValue.string),
            [.init("unk_token", .null), .init("byte_fallback", .bool(false))]
        )
    }

    /// A BPE model over pieces, with a token for every byte.
    private static func sentencePiece(_ tokens: [String], merges: [String]) -> JSONValue {
        let hexadecimal = Array("0123456789ABCDEF")
        let bytes = (0..<256).map { "<0x\(hexadecimal[$0 / 16])\(hexadecimal[$0 % 16])>" }
        let pairs = merges.map { JSONValue.array($0.split(separator: " ").map { .string(String($0)) }) }
        return model(
            ["<unk>"] + bytes + tokens,
            merges: pairs,
            [.init("unk_token", .string("<unk>")), .init("byte_fallback", .bool(true))]
        )
    }

    private static func model(_ vocabulary: [String], merges: [JSONValue], _ more: [JSONValue.Member]) -> JSONValue {
        .object(
            [
                .init("type", .string("BPE")), .init("dropout", .null), .init("fuse_unk", .bool(true)),
                .init("ignore_merges", .bool(false)),
            ] + more + [
                .init("vocab", .object(vocabulary.enumerated().map { .init($1, .integer($0)) })),
                .init("merges", .array(merges)),
            ]
        )
    }
}

extension Tokenizer {
    /// A tokenizer as the nursery has it.
    static func spelling(_ words: [String]) throws -> Tokenizer {
        try wordLevel(
            words: words,
            alphabet: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:?+=-",
            specialTokens: ["<|pad|>", "<|end|>", "<|ask|>", "<|aggregate|>", "<|answer|>", "<|sep|>"]
        )
    }

    fileprivate func root() throws -> JSONValue { try JSONParser.parse(json, context: "nursery") }
}

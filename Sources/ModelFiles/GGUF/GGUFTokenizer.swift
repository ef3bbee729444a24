import Foundation

/// The tokenizer in a GGUF file's metadata, said as tokenizer.json and tokenizer_config.json say it.
///
/// Byte-level BPE is cut into words as `tokenizer.ggml.pre` names it; a name that is not known is refused rather than
/// guessed at. Of SentencePiece's BPE there are scores instead of merges: `SentencePieceMerges`.
struct GGUFTokenizer {
    private let vocabulary: GGUFVocabulary
    private let metadata: GGUFMetadata

    init(_ vocabulary: GGUFVocabulary) {
        self.vocabulary = vocabulary
        metadata = vocabulary.metadata
    }

    // MARK: tokenizer.json

    /// - Parameter family: whose words those are that the file has no name for.
    func json(_ family: ModelFamily) throws -> Data {
        let merges: JSONValue, cut: WordCut?, byteFallback: Bool
        switch vocabulary.model {
        case .gpt2:
            cut = try wordCut(family)
            byteFallback = false
            guard let texts = try metadata.texts("tokenizer.ggml.merges", limit: Self.mostMerges) else {
                throw metadata.missing("tokenizer.ggml.merges")
            }
            merges = .array(texts.map(JSONValue.string))
        case .llama:
            if try metadata.flag("tokenizer.ggml.remove_extra_whitespaces") ?? false {
                throw metadata.unsupported("tokenizer.ggml.remove_extra_whitespaces true")
            }
            cut = nil
            byteFallback = vocabulary.kinds.contains(.byte)
            merges = try SentencePieceMerges(vocabulary).json()
        }
        let unknown = vocabulary.model == .llama ? try unknownID().map { JSONValue.string(vocabulary.texts[$0]) } : nil
        let tokens = vocabulary.texts.indices.filter { !vocabulary.isFiller($0) }
        let model = JSONValue.object([
            .init("type", .string("BPE")), .init("dropout", .null), .init("unk_token", unknown ?? .null),
            .init("continuing_subword_prefix", .null), .init("end_of_word_suffix", .null),
            .init("fuse_unk", .bool(vocabulary.model == .llama)), .init("byte_fallback", .bool(byteFallback)),
            .init("ignore_merges", .bool(cut?.ignoresMerges ?? false)),
            .init("vocab", .object(tokens.map { .init(vocabulary.texts[$0], .integer($0)) })),
            .init("merges", merges),
        ])
        let root = JSONValue.object([
            .init("version", .string("1.0")), .init("truncation", .null), .init("padding", .null),
            .init("added_tokens", .array(addedTokens())),
            .init("normalizer", try normalizer(cut)), .init("pre_tokenizer", cut?.preTokenizer ?? .null),
            .init("post_processor", try postProcessor()),
            .init("decoder", try decoder()), .init("model", model),
        ])
        return Data(root.text(indented: true).utf8)
    }

    private static let mostMerges = 1 << 21

    private func unknownID() throws -> Int? {
        try vocabulary.id("unknown") ?? vocabulary.kinds.firstIndex(of: .unknown)
    }

    private func addedTokens() -> [JSONValue] {
        vocabulary.texts.indices.filter { vocabulary.isSpecial($0) || vocabulary.kinds[$0] == .userDefined }.map { id in
            .object([
                .init("id", .integer(id)), .init("content", .string(vocabulary.texts[id])),
                .init("single_word", .bool(false)), .init("lstrip", .bool(false)), .init("rstrip", .bool(false)),
                .init("normalized", .bool(false)), .init("special", .bool(vocabulary.isSpecial(id))),
            ])
        }
    }

    private func addsSpace() throws -> Bool { try metadata.flag("tokenizer.ggml.add_space_prefix") ?? true }

    private func normalizer(_ cut: WordCut?) throws -> JSONValue {
        if let cut { return cut.normalizer }
        let replace = Self.step("Replace", [.init("pattern", Self.text(" ")), .init("content", .string(.metaspace))])
        let prepend = Self.step("Prepend", [.init("prepend", .string(.metaspace))])
        return Self.sequence("normalizers", try addsSpace() ? [prepend, replace] : [replace])
    }

    private func decoder() throws -> JSONValue {
        if vocabulary.model == .gpt2 { return Self.byteLevel(splits: true) }
        let replace = Self.step("Replace", [.init("pattern", Self.text(.metaspace)), .init("content", .string(" "))])
        let strip = Self.step(
            "Strip",
            [.init("content", .string(" ")), .init("start", .integer(1)), .init("stop", .integer(0))]
        )
        let common = [replace, Self.step("ByteFallback", []), Self.step("Fuse", [])]
        return Self.sequence("decoders", try addsSpace() ? common + [strip] : common)
    }

    /// For transformers: this program adds no tokens to a text.
    private func postProcessor() throws -> JSONValue {
        let bos = vocabulary.addsBOS ? try vocabulary.id("bos") : nil
        let eos = vocabulary.addsEOS ? try vocabulary.id("eos") : nil
        guard bos != nil || eos != nil else { return .null }
        func special(_ id: Int?, _ type: Int) -> [JSONValue] {
            guard let id else { return [] }
            return [Self.piece("SpecialToken", vocabulary.texts[id], type)]
        }
        func text(_ name: String, _ type: Int) -> [JSONValue] {
            special(bos, type) + [Self.piece("Sequence", name, type)] + special(eos, type)
        }
        let tokens = Set([bos, eos].compactMap { $0 }).sorted().map { id in
            let text = JSONValue.string(vocabulary.texts[id])
            return JSONValue.Member(
                vocabulary.texts[id],
                .object([
                    .init("id", text), .init("ids", .array([.integer(id)])), .init("tokens", .array([text])),
                ])
            )
        }
        return Self.step(
            "TemplateProcessing",
            [
                .init("single", .array(text("A", 0))), .init("pair", .array(text("A", 0) + text("B", 1))),
                .init("special_tokens", .object(tokens)),
            ]
        )
    }

    // MARK: tokenizer_config.json

    func configuration() throws -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("add_bos_token", .bool(vocabulary.addsBOS)), .init("add_eos_token", .bool(vocabulary.addsEOS)),
        ]
        let parts = [
            ("bos_token", try vocabulary.id("bos")), ("eos_token", try vocabulary.id("eos")),
            ("pad_token", try vocabulary.id("padding")), ("unk_token", try unknownID()),
        ]
        for (name, id) in parts {
            if let id { members.append(.init(name, .string(vocabulary.texts[id]))) }
        }
        if let template = try metadata.text("tokenizer.chat_template") {
            members.append(.init("chat_template", .string(template)))
        }
        return .object(members)
    }

    // MARK: Words

    /// How text is cut into words before BPE.
    private struct WordCut {
        var preTokenizer: JSONValue
        var normalizer = JSONValue.null
        /// A word that is a token is that, whatever its merges say.
        var ignoresMerges = false
    }

    private func wordCut(_ family: ModelFamily) throws -> WordCut {
        let name = try metadata.text("tokenizer.ggml.pre") ?? "default"
        let known: String
        if name != "default" {
            known = name
        } else if [.qwen2, .qwen3].contains(family) {
            // Old files have no name. The families have one each.
            known = "qwen2"
        } else {
            known = vocabulary.texts.contains(GGUFVocabulary.llama3Begin) ? "llama-bpe" : "gpt-2"
        }
        switch known {
        case "gpt-2": return WordCut(preTokenizer: Self.byteLevel(splits: true))
        case "smollm":
            let digits = Self.step("Digits", [.init("individual_digits", .bool(true))])
            return WordCut(preTokenizer: Self.sequence("pretokenizers", [digits, Self.byteLevel(splits: true)]))
        case "llama-bpe", "llama3", "llama-v3":
            return WordCut(preTokenizer: Self.split(.words(digits: 3)), ignoresMerges: true)
        case "qwen2", "deepseek-r1-qwen":
            return WordCut(preTokenizer: Self.split(.words(digits: 1)), normalizer: Self.step("NFC", []))
        default:
            throw metadata.unsupported(
                "pre-tokenizer \(name.prefix(60))",
                "supported: default, gpt-2, smollm, llama-bpe, llama3, llama-v3, qwen2, deepseek-r1-qwen"
            )
        }
    }

    // MARK: Pieces of JSON

    private static func step(_ type: String, _ members: [JSONValue.Member]) -> JSONValue {
        .object([.init("type", .string(type))] + members)
    }

    private static func sequence(_ list: String, _ steps: [JSONValue]) -> JSONValue {
        step("Sequence", [.init(list, .array(steps))])
    }

    private static func text(_ text: String) -> JSONValue { .object([.init("String", .string(text))]) }

    private static func piece(_ kind: String, _ name: String, _ type: Int) -> JSONValue {
        .object([.init(kind, .object([.init("id", .string(name)), .init("type_id", .integer(type))]))])
    }

    private static func byteLevel(splits: Bool) -> JSONValue {
        step(
            "ByteLevel",
            [
                .init("add_prefix_space", .bool(false)), .init("trim_offsets", .bool(true)),
                .init("use_regex", .bool(splits)),
            ]
        )
    }

    private static func split(_ pattern: SplitPattern) -> JSONValue {
        let split = step(
            "Split",
            [
                .init("pattern", .object([.init("Regex", .string(pattern.regularExpression))])),
                .init("behavior", .string("Isolated")), .init("invert", .bool(false)),
            ]
        )
        return sequence("pretokenizers", [split, byteLevel(splits: false)])
    }
}

/// The tokens of a GGUF file (`tokenizer.ggml.*`): texts, kinds, scores, and which of them have a part of their own.
struct GGUFVocabulary {
    /// What a token is, by its number in the file.
    enum Kind: Int {
        case normal = 1, unknown, control, userDefined, unused, byte
    }

    /// How the tokens were made.
    enum Model: String {
        /// Byte-level BPE.
        case gpt2
        /// SentencePiece's BPE.
        case llama
    }

    let metadata: GGUFMetadata
    let model: Model
    let texts: [String]
    let kinds: [Kind]
    /// Whether each text begins with the BOS token (ends with the EOS token), where nothing else is said.
    let addsBOS: Bool
    let addsEOS: Bool

    init(_ metadata: GGUFMetadata) throws {
        self.metadata = metadata
        guard let name = try metadata.text("tokenizer.ggml.model") else {
            throw metadata.missing("tokenizer.ggml.model")
        }
        guard let model = Model(rawValue: name) else {
            throw metadata.unsupported("tokenizer \(name.prefix(60))", "supported: gpt2, llama")
        }
        self.model = model
        guard var texts = try metadata.texts("tokenizer.ggml.tokens", limit: TokenizerFile.maximumID), !texts.isEmpty
        else { throw metadata.missing("tokenizer.ggml.tokens") }
        var kinds = try Self.kinds(metadata, texts.count)
        // Old files have these as texts like any other.
        for (id, text) in texts.enumerated() where Self.turns.contains(text) || Self.ends.contains(text) {
            kinds[id] = .control
        }
        if model == .llama {
            // The converter writes spaces into these; the other tokens spell them with a character of their own.
            for (id, kind) in kinds.enumerated() where kind == .userDefined {
                texts[id] = texts[id].replacingSpaces
            }
        }
        var seen = Set<[UInt8]>(minimumCapacity: texts.count)
        for text in texts where !seen.insert(Array(text.utf8)).inserted {
            throw metadata.damaged("duplicate token \"\(text.prefix(60))\"")
        }
        self.texts = texts
        self.kinds = kinds
        let isLlama3 = model == .gpt2 && texts.contains { $0 == Self.llama3Begin }
        addsBOS = try metadata.flag("tokenizer.ggml.add_bos_token") ?? (model == .llama || isLlama3)
        addsEOS = try metadata.flag("tokenizer.ggml.add_eos_token") ?? false
    }

    static let llama3Begin = "<|begin_of_text|>"

    private static func kinds(_ metadata: GGUFMetadata, _ count: Int) throws -> [Kind] {
        let key = "tokenizer.ggml.token_type"
        guard let numbers = try metadata.integers(key, limit: count) else {
            return [Kind](repeating: .normal, count: count)
        }
        guard numbers.count == count else { throw metadata.damaged("\(key) has \(numbers.count) of \(count) tokens") }
        return try numbers.map { number in
            guard let kind = Kind(rawValue: number) else { throw metadata.damaged("\(key) holds \(number)") }
            return kind
        }
    }

    /// The id of a token with a part of its own (`bos`, `eos`, `eot`, ...).
    func id(_ part: String) throws -> Int? {
        let key = "tokenizer.ggml.\(part)_token_id"
        guard let id = try metadata.count(key) else { return nil }
        // Written where there is none.
        if id == Int(UInt32.max) { return nil }
        guard texts.indices.contains(id) else { throw metadata.damaged("\(key) is \(id) of \(texts.count) tokens") }
        return id
    }

    /// The tokens that end an answer: those that the file names, and, as in llama.cpp, those that are known to end a
    /// turn. A file seldom names both the end of a text and that of a turn.
    func ends() throws -> [Int] {
        var ids: [Int] = []
        for part in ["eos", "eot", "eom"] {
            if let id = try id(part), !ids.contains(id) { ids.append(id) }
        }
        for (id, text) in texts.enumerated()
        where isSpecial(id) && Self.ends.contains(text) && !ids.contains(id) { ids.append(id) }
        return ids
    }

    private static let ends: Set<String> = [
        "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<end_of_turn>",
    ]

    private static let turns: Set<String> = ["<start_of_turn>", "<|im_start|>"]

    func isSpecial(_ id: Int) -> Bool { kinds[id] == .control || kinds[id] == .unknown }

    /// Ids that no token had when the file was made: the converter fills them up with texts like this.
    func isFiller(_ id: Int) -> Bool { kinds[id] == .unused && texts[id] == "[PAD\(id)]" }
}

extension String {
    /// SentencePiece's way to write a space.
    static let metaspace = "\u{2581}"

    fileprivate var replacingSpaces: String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars { result.append(scalar == " " ? "\u{2581}" : scalar) }
        return String(result)
    }
}

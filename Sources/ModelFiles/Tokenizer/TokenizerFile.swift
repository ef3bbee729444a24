import Foundation

/// What a tokenizer.json says, checked. Models other than BPE, and normalizers, pre-tokenizers and decoders that are
/// not known, are refused by name.
///
/// Follows the Rust library `tokenizers` 0.23: ids of added tokens that the vocabulary lacks come after it, a duplicate
/// merge counts at its last place, post-processors play no part (text is encoded as it is).
struct TokenizerFile {
    /// Ids beyond this are taken for damage: the largest vocabularies in use have some 262,000.
    static let maximumID = 1 << 22
    static let longestAddedToken = 1024

    /// Text of every token, by id. Empty where no token has the id.
    let tokens: [String?]
    let ids: TokenTable
    let addedTokens: [AddedToken]
    let normalizer: Normalizer?
    let preTokenizer: PreTokenizer
    let encoder: BytePairEncoder
    let decoder: TokenDecoder

    private static let file = "tokenizer.json"

    /// - Parameter others: `added_tokens_decoder` of tokenizer_config.json: tokens by id, which transformers adds where
    ///   tokenizer.json does not have them.
    init(_ json: Data, others: JSONValue? = nil) throws {
        let root = try JSONParser.parse(json, context: Self.file)
        guard root.members != nil else { throw Self.damaged("is \(root.kind), not an object") }
        normalizer = try root["normalizer"].map(Self.normalizer)
        let isByteLevel: Bool
        (preTokenizer, isByteLevel) = try Self.preTokenizer(root["pre_tokenizer"])
        decoder = try Self.decoder(root["decoder"])
        guard let model = root["model"], model["type"]?.string ?? "BPE" == "BPE" else {
            throw Self.unsupported("model", root["model"], supported: "BPE")
        }
        var ids = try Self.vocabulary(model)
        encoder = try Self.encoder(model, ids, isByteLevel: isByteLevel)
        addedTokens = try Self.addedTokens(Self.addedEntries(root["added_tokens"], others), &ids, normalizer)
        self.ids = ids
        tokens = try Self.tokens(ids)
    }

    static func damaged(_ what: String) -> LocalLMError { LocalLMError(.damaged, what, context: file) }

    static func unsupported(_ part: String, _ value: JSONValue?, supported: String) -> LocalLMError {
        let name = value.map { $0["type"]?.string ?? $0.kind } ?? "none"
        return LocalLMError(
            .unsupported,
            "unsupported \(part) \(name.prefix(60)) in tokenizer.json",
            hint: "supported: \(supported)"
        )
    }

    private static func tokens(_ ids: TokenTable) throws -> [String?] {
        var highest: Int32 = -1
        ids.forEach { highest = max(highest, $1) }
        guard highest >= 0 else { throw damaged("holds no tokens") }
        var tokens = [String?](repeating: nil, count: Int(highest) + 1)
        var twice: Int32?
        ids.forEach { text, id in
            if tokens[Int(id)] != nil { twice = id }
            tokens[Int(id)] = String(decoding: text, as: UTF8.self)
        }
        if let twice { throw damaged("two tokens have the id \(twice)") }
        return tokens
    }

    /// Added tokens with their ids: those of tokenizer.json in its order, then the others by id.
    private static func addedEntries(_ value: JSONValue?, _ others: JSONValue?) throws -> [(id: Int, entry: JSONValue)]
    {
        func id(_ number: Int?) throws -> Int {
            guard let number, number >= 0, number < maximumID else {
                throw damaged("an entry of added_tokens lacks an id below \(maximumID)")
            }
            return number
        }
        guard let list = value.map({ $0.array }) ?? [] else {
            throw damaged("added_tokens is \(value!.kind), not an array")
        }
        let own = try list.map { (id: try id($0["id"]?.integer), entry: $0) }
        let known = Set(own.compactMap { $0.entry["content"]?.string.map { Array($0.utf8) } })
        let more = try (others?.members ?? []).map { (id: try id(Int($0.key)), entry: $0.value) }
        return own
            + more.filter { !known.contains(Array(($0.entry["content"]?.string ?? "").utf8)) }.sorted { $0.id < $1.id }
    }

    /// Gives those that the vocabulary lacks their ids, which must be the ones that the files say.
    private static func addedTokens(
        _ entries: [(id: Int, entry: JSONValue)],
        _ ids: inout TokenTable,
        _ normalizer: Normalizer?
    ) throws -> [AddedToken] {
        var added: [AddedToken] = []
        var seen = Set<[UInt8]>(), matches = Set<[UInt8]>()
        var next = ids.count
        for (id, entry) in entries {
            guard let content = entry["content"]?.string else {
                throw damaged("an entry of added_tokens lacks content")
            }
            let bytes = Array(content.utf8)
            guard !bytes.isEmpty else { continue }  // as the Rust library does
            guard bytes.count <= longestAddedToken else {
                throw damaged("an added token of \(bytes.count) bytes (at most \(longestAddedToken))")
            }
            guard seen.insert(bytes).inserted else { continue }  // the first one counts
            if let known = ids[bytes] {
                guard known == Int32(id) else {
                    throw damaged("the added token \"\(content)\" has the id \(id), in the vocabulary \(known)")
                }
            } else {
                guard id == next else {
                    throw damaged("the added token \"\(content)\" has the id \(id) where \(next) follows")
                }
                _ = bytes.withUnsafeBufferPointer { ids.insert($0, Int32(id)) }
                next += 1
            }
            func flag(_ key: String) -> Bool { entry[key]?.bool ?? false }
            let match = flag("normalized") ? normalizer?.normalized(bytes) ?? bytes : bytes
            if flag("normalized"), match.isEmpty || !matches.insert(match).inserted {
                throw damaged(
                    "the normalizer leaves nothing of the added token \"\(content)\", or the same as of another"
                )
            }
            added.append(
                AddedToken(
                    id: Int32(id),
                    content: content,
                    match: match,
                    singleWord: flag("single_word"),
                    stripsLeft: flag("lstrip"),
                    stripsRight: flag("rstrip"),
                    normalized: flag("normalized"),
                    special: flag("special")
                )
            )
        }
        return added
    }
}

import Foundation

/// What a tokenizer.json says, checked: byte-level BPE. Other models, normalizers, pre-tokenizers and decoders are refused by name.
///
/// Follows the Rust library `tokenizers` 0.23: ids of added tokens that the vocabulary lacks come after it, a merge that stands
/// twice counts at its last place, post-processors play no part (text is encoded as it stands).
struct TokenizerFile {
    /// Ids beyond this are taken for damage: the largest vocabularies in use have some 262,000.
    static let maximumID = 1 << 22
    static let longestAddedToken = 1024

    /// Text of every token, by id. Empty where no token has the id.
    let tokens: [String?]
    let ids: [[UInt8]: Int32]
    let addedTokens: [AddedToken]
    let preTokenizer: PreTokenizer
    let encoder: BytePairEncoder

    private static let file = "tokenizer.json"

    init(_ json: Data) throws {
        let root = try JSONParser.parse(json, context: Self.file)
        guard root.members != nil else { throw Self.damaged("is \(root.kind), not an object") }
        if let normalizer = root["normalizer"] { throw Self.unsupported("normalizer", normalizer, supported: "none") }
        preTokenizer = try Self.preTokenizer(root["pre_tokenizer"])
        guard let decoder = root["decoder"], decoder["type"]?.string == "ByteLevel" else {
            throw Self.unsupported("decoder", root["decoder"], supported: "ByteLevel")
        }
        guard let model = root["model"], model["type"]?.string ?? "BPE" == "BPE" else {
            throw Self.unsupported("model", root["model"], supported: "byte-level BPE")
        }
        var ids = try Self.vocabulary(model)
        encoder = try Self.encoder(model, ids)
        addedTokens = try Self.addedTokens(root["added_tokens"], &ids)
        var tokens = [String?](repeating: nil, count: Int((ids.values.max() ?? -1) + 1))
        for (text, id) in ids {
            guard tokens[Int(id)] == nil else { throw Self.damaged("two tokens have the id \(id)") }
            tokens[Int(id)] = String(decoding: text, as: UTF8.self)
        }
        guard !tokens.isEmpty else { throw Self.damaged("holds no tokens") }
        self.tokens = tokens
        self.ids = ids
    }

    private static func damaged(_ what: String) -> LocalLMError { LocalLMError(.damaged, what, context: file) }

    private static func unsupported(_ part: String, _ value: JSONValue?, supported: String) -> LocalLMError {
        let name = value.map { $0["type"]?.string ?? $0.kind } ?? "none"
        return LocalLMError(.unsupported, "unsupported \(part) \(name.prefix(60)) in tokenizer.json", hint: "supported: \(supported)")
    }

    private static func preTokenizer(_ value: JSONValue?) throws -> PreTokenizer {
        guard let value, value["type"]?.string == "ByteLevel" else {
            throw unsupported("pre-tokenizer", value, supported: "ByteLevel")
        }
        guard value["use_regex"]?.bool ?? true else {
            throw LocalLMError(.unsupported, "unsupported pre-tokenizer ByteLevel without its pattern (use_regex false) in tokenizer.json")
        }
        return .gpt2(addsPrefixSpace: value["add_prefix_space"]?.bool ?? true)
    }

    private static func vocabulary(_ model: JSONValue) throws -> [[UInt8]: Int32] {
        guard let members = model["vocab"]?.members else { throw damaged("model.vocab is missing or no object") }
        var ids: [[UInt8]: Int32] = [:]
        ids.reserveCapacity(members.count)
        for member in members {
            guard let id = member.value.integer, id >= 0, id < maximumID else {
                throw damaged("the id of token \"\(member.key.prefix(60))\" is \(member.value.kind), not a whole number below \(maximumID)")
            }
            ids[Array(member.key.utf8)] = Int32(id)
        }
        return ids
    }

    private static func encoder(_ model: JSONValue, _ ids: [[UInt8]: Int32]) throws -> BytePairEncoder {
        func refuse(_ what: String) -> LocalLMError { LocalLMError(.unsupported, "unsupported \(what) in the BPE model of tokenizer.json") }
        if model["dropout"]?.real ?? 0 != 0 { throw refuse("dropout") }
        if model["byte_fallback"]?.bool ?? false { throw refuse("byte_fallback") }
        if model["fuse_unk"]?.bool ?? false { throw refuse("fuse_unk") }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] where !(model[key]?.string ?? "").isEmpty { throw refuse(key) }
        var unknown: Int32?
        if let name = model["unk_token"]?.string {
            unknown = ids[Array(name.utf8)]
            if unknown == nil { throw damaged("the unknown token \"\(name.prefix(60))\" is not in the vocabulary") }
        }

        guard let list = model["merges"]?.array else { throw damaged("model.merges is missing or no array") }
        var merges = PairTable(capacity: list.count)
        for (rank, entry) in list.enumerated() {
            let (left, right) = try merge(entry, rank)
            func id(_ token: [UInt8]) throws -> Int32 {
                guard let id = ids[token] else {
                    throw damaged("merge \(rank) needs the token \"\(String(decoding: token.prefix(60), as: UTF8.self))\", which is not in the vocabulary")
                }
                return id
            }
            merges.insert(try id(left), try id(right), (Int32(truncatingIfNeeded: rank), try id(left + right)))
        }

        let byteIDs = ByteAlphabet.scalars.map { ids[Array(String($0).utf8)] ?? -1 }
        var wholeWords: [[UInt8]: Int32] = [:]
        if model["ignore_merges"]?.bool ?? false {
            for (token, id) in ids {
                if let word = ByteAlphabet.decode(String(decoding: token, as: UTF8.self)) { wholeWords[word] = id }
            }
        }
        return BytePairEncoder(byteIDs: byteIDs, unknown: unknown, merges: merges, wholeWords: wholeWords)
    }

    /// Both forms of a merge: `"a b"` and `["a", "b"]`.
    private static func merge(_ entry: JSONValue, _ rank: Int) throws -> ([UInt8], [UInt8]) {
        let parts: [[UInt8]]
        switch entry {
        case .string(let text): parts = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Array.init)
        case .array(let values): parts = values.compactMap { $0.string.map { Array($0.utf8) } }
        default: parts = []
        }
        guard parts.count == 2 else { throw damaged("merge \(rank) is not two tokens") }
        return (parts[0], parts[1])
    }

    /// Reads `added_tokens` and gives those that the vocabulary lacks their ids, which must be the ones that the file says.
    private static func addedTokens(_ value: JSONValue?, _ ids: inout [[UInt8]: Int32]) throws -> [AddedToken] {
        guard let value else { return [] }
        guard let list = value.array else { throw damaged("added_tokens is \(value.kind), not an array") }
        let modelCount = ids.count
        var added: [AddedToken] = []
        var seen = Set<[UInt8]>()
        var next = modelCount
        for entry in list {
            guard let content = entry["content"]?.string, let id = entry["id"]?.integer, id >= 0, id < maximumID else {
                throw damaged("an entry of added_tokens lacks content, or an id below \(maximumID)")
            }
            let bytes = Array(content.utf8)
            guard !bytes.isEmpty else { continue }  // as the Rust library does
            guard bytes.count <= longestAddedToken else { throw damaged("an added token of \(bytes.count) bytes (at most \(longestAddedToken))") }
            guard seen.insert(bytes).inserted else { throw damaged("the added token \"\(content)\" stands twice") }
            if let known = ids[bytes] {
                guard known == Int32(id) else { throw damaged("the added token \"\(content)\" has the id \(id), in the vocabulary \(known)") }
            } else {
                guard id == next else { throw damaged("the added token \"\(content)\" has the id \(id) where \(next) follows") }
                ids[bytes] = Int32(id)
            }
            if id >= next { next = id + 1 }
            func flag(_ key: String) -> Bool { entry[key]?.bool ?? false }
            added.append(
                AddedToken(
                    id: Int32(id), content: content, singleWord: flag("single_word"), stripsLeft: flag("lstrip"), stripsRight: flag("rstrip"),
                    normalized: flag("normalized"), special: flag("special")))
        }
        return added
    }
}

import Foundation

/// Text to token ids and back, as `tokenizers` does it with the same tokenizer.json. Text is encoded as it stands: no BOS is
/// added, and special tokens spelled in it are recognised.
///
/// Supported: byte-level BPE with GPT-2's split pattern (GPT-2, SmolLM, the nursery). Words are cached; safe to share.
public struct Tokenizer: Sendable {
    /// The bytes of tokenizer.json, as they were read.
    public let json: Data
    private let storage: Storage

    private final class Storage: Sendable {
        let tokens: [String?]
        let ids: [[UInt8]: Int32]
        let decoded: [[UInt8]]
        let special: Set<Int>
        let rawMatcher: AddedTokenMatcher
        let normalizedMatcher: AddedTokenMatcher
        let preTokenizer: PreTokenizer
        let encoder: BytePairEncoder

        init(_ file: TokenizerFile) {
            tokens = file.tokens
            ids = file.ids
            decoded = file.tokens.map { token in token.map { ByteAlphabet.decode($0) ?? Array($0.utf8) } ?? [] }
            special = Set(file.addedTokens.filter(\.special).map { Int($0.id) })
            rawMatcher = AddedTokenMatcher(file.addedTokens.filter { !$0.normalized })
            normalizedMatcher = AddedTokenMatcher(file.addedTokens.filter(\.normalized))
            preTokenizer = file.preTokenizer
            encoder = file.encoder
        }
    }

    /// - Throws: `LocalLMError` for damaged JSON, and for what is not supported, by name.
    public init(json: Data) throws {
        self.json = json
        storage = Storage(try TokenizerFile(json))
    }

    /// The highest id plus one: the rows that an embedding needs.
    public var vocabularySize: Int { storage.tokens.count }

    public func encode(_ text: String) -> [Int] {
        var ids: [Int] = []
        var text = text
        text.withUTF8 { bytes in
            func words(_ range: Range<Int>) {
                storage.preTokenizer.split(bytes, range) { storage.encoder.encode($0, into: &ids) }
            }
            func token(_ token: AddedToken) { ids.append(Int(token.id)) }
            storage.rawMatcher.split(
                bytes, 0..<bytes.count,
                rest: { range in
                    if storage.normalizedMatcher.isEmpty {
                        words(range)
                    } else {
                        storage.normalizedMatcher.split(bytes, range, rest: words, token: token)
                    }
                }, token: token)
        }
        return ids
    }

    /// Bytes that are no UTF-8 become U+FFFD; ids without a token become nothing.
    public func decode(_ ids: [Int], skippingSpecialTokens: Bool = false) -> String {
        String(decoding: ids.flatMap { bytes(of: $0, skippingSpecialTokens: skippingSpecialTokens) }, as: UTF8.self)
    }

    /// The bytes that one token stands for, perhaps a part of a character; none for an id without a token.
    public func bytes(of id: Int, skippingSpecialTokens: Bool = false) -> [UInt8] {
        guard storage.decoded.indices.contains(id), !(skippingSpecialTokens && storage.special.contains(id)) else { return [] }
        return storage.decoded[id]
    }

    /// The id of a token as tokenizer.json spells it ("Ġthe", "<|end|>").
    public func id(of token: String) -> Int? { storage.ids[Array(token.utf8)].map(Int.init) }

    /// The token of an id as tokenizer.json spells it.
    public func token(_ id: Int) -> String? { storage.tokens.indices.contains(id) ? storage.tokens[id] : nil }

    /// Ids that decoding skips on request.
    public var specialTokenIDs: Set<Int> { storage.special }
}

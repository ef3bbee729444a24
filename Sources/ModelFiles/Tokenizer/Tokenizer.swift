import Foundation

/// Text to token ids and back, as `tokenizers` does it with the same tokenizer.json. Text is encoded as it is: no BOS
/// is added, and special tokens spelled in it are recognised.
///
/// Supported: BPE, byte-level (GPT-2, Llama 3, Qwen, SmolLM, the nursery) and as SentencePiece has it (Llama 2,
/// Mistral, Gemma). Words are cached; safe to share.
///
///     let tokenizer = try Tokenizer(json: Data(contentsOf: directory.appendingPathComponent("tokenizer.json")))
///     let ids = tokenizer.encode("Hello, world")
///     tokenizer.decode(ids)  // "Hello, world"
public struct Tokenizer: Sendable {
    /// The bytes of tokenizer.json, as they were read.
    public let json: Data
    private let storage: Storage

    private final class Storage: Sendable {
        let vocabulary: Vocabulary
        let ids: TokenTable
        let rawMatcher: AddedTokenMatcher
        let normalizedMatcher: AddedTokenMatcher
        let normalizer: Normalizer?
        let preTokenizer: PreTokenizer
        let encoder: BytePairEncoder

        init(_ file: TokenizerFile) {
            vocabulary = Vocabulary(file)
            ids = file.ids
            rawMatcher = AddedTokenMatcher(file.addedTokens.filter { !$0.normalized })
            normalizedMatcher = AddedTokenMatcher(file.addedTokens.filter(\.normalized))
            normalizer = file.normalizer
            preTokenizer = file.preTokenizer
            encoder = file.encoder
        }
    }

    /// What decoding needs.
    final class Vocabulary: Sendable {
        let tokens: [String?]
        let decoder: TokenDecoder
        let pieces: TokenDecoder.Pieces
        let special: Set<Int>
        /// Added tokens that the normalizer changes are decoded from what it makes of them.
        private let normalized: [Int: String]

        init(_ file: TokenizerFile) {
            tokens = file.tokens
            decoder = file.decoder
            normalized = Dictionary(
                uniqueKeysWithValues: file.addedTokens.filter { $0.match != Array($0.content.utf8) }
                    .map { (Int($0.id), String(decoding: $0.match, as: UTF8.self)) }
            )
            var spelled = tokens
            for (id, text) in normalized { spelled[id] = text }
            pieces = decoder.pieces(spelled)
            // By their text, as in Rust: one that the normalizer changes is no longer known as special.
            let contents = Set(file.addedTokens.filter(\.special).map { Array($0.content.utf8) })
            special = Set(file.addedTokens.filter { contents.contains($0.match) }.map { Int($0.id) })
        }

        func spelling(_ id: Int) -> String { normalized[id] ?? tokens[id] ?? "" }
    }

    /// - Parameter addedTokens: `added_tokens_decoder` of tokenizer_config.json, which may declare tokens that the file
    ///   does not have.
    /// - Throws: `LocalLMError` for damaged JSON, and for what is not supported, by name.
    public init(json: Data, addedTokens: JSONValue? = nil) throws {
        self.json = json
        storage = Storage(try TokenizerFile(json, others: addedTokens))
    }

    /// The highest id plus one: the rows that an embedding needs.
    public var vocabularySize: Int { storage.vocabulary.tokens.count }

    /// The ids of a text. Characters that the vocabulary cannot spell become its unknown token, or nothing.
    public func encode(_ text: String) -> [Int] {
        var ids: [Int] = []
        var text = text
        text.withUTF8 { text in
            ids.reserveCapacity(text.count / 3 + 8)
            storage.encoder.withWorkspace { workspace in
                storage.rawMatcher.split(
                    text,
                    0..<text.count,
                    rest: {
                        encode(UnsafeBufferPointer(rebasing: text[$0]), startsText: $0.lowerBound == 0, workspace, &ids)
                    },
                    token: { ids.append(Int($0.id)) }
                )
            }
        }
        return ids
    }

    /// One piece between added tokens that are matched in the text as it is.
    private func encode(
        _ piece: UnsafeBufferPointer<UInt8>,
        startsText: Bool,
        _ workspace: EncodingWorkspace,
        _ ids: inout [Int]
    ) {
        func words(_ text: UnsafeBufferPointer<UInt8>, _ startsText: Bool) {
            storage.preTokenizer.split(text, startsText: startsText) {
                storage.encoder.encode($0, workspace, into: &ids)
            }
        }
        func normalized(_ text: UnsafeBufferPointer<UInt8>, _ startsText: Bool) {
            if storage.normalizedMatcher.isEmpty { return words(text, startsText) }
            storage.normalizedMatcher.split(
                text,
                0..<text.count,
                rest: { words(UnsafeBufferPointer(rebasing: text[$0]), startsText && $0.lowerBound == 0) },
                token: { ids.append(Int($0.id)) }
            )
        }
        if let normalizer = storage.normalizer {
            normalizer.normalize(piece) { normalized($0, startsText && $1) }
        } else {
            normalized(piece, startsText)
        }
    }

    /// How many of a text's first ids belong to its beginning `part` alone; a token across its end does not.
    package func count(of ids: [Int], within part: String) -> Int {
        var count = zip(ids, encode(part)).prefix { $0 == $1 }.count
        // The last word of the part may be cut into other tokens where the text goes on.
        for end in count..<min(ids.count, count + Self.longestWord) {
            let text = decode(Array(ids[...end]))
            if text.utf8.count <= part.utf8.count, part.utf8.starts(with: text.utf8) { count = end + 1 }
        }
        return count
    }

    /// The tokens that have a part in each range of a text's UTF-8, as ranges of the text's ids: what transformers'
    /// `return_assistant_tokens_mask` masks. The ranges are in order and apart.
    ///
    /// We deviate where a range ends in a token of whitespace alone: it counts, also with tokenizers that leave
    /// whitespace out of their offsets (`trim_offsets`).
    package func ranges(of parts: [Range<Int>], in ids: [Int], of text: String) -> [Range<Int>] {
        guard let ends = ends(of: ids, in: text) else {
            // A normalizer changed the text: only what stands before a place says which tokens do.
            let utf8 = Array(text.utf8)
            func tokens(before end: Int) -> Int {
                count(of: ids, within: String(decoding: utf8[..<end], as: UTF8.self))
            }
            return parts.map { tokens(before: $0.lowerBound)..<tokens(before: $0.upperBound) }
        }
        var next = 0
        return parts.map { part in
            while next < ends.count, ends[next] <= part.lowerBound { next += 1 }
            let first = next
            while next < ends.count, (next == 0 ? 0 : ends[next - 1]) < part.upperBound { next += 1 }
            return first..<next
        }
    }

    /// Where each token ends, in the UTF-8 of the text; nil where the tokens do not spell it.
    private func ends(of ids: [Int], in text: String) -> [Int]? {
        var stream = textStream(), bytes: [UInt8] = [], ends: [Int] = []
        for id in ids {
            stream.append(id, to: &bytes)
            ends.append(bytes.count + stream.heldBack)
        }
        stream.finish(&bytes)
        return bytes.elementsEqual(text.utf8) ? ends : nil
    }

    /// In tokens; words of a part that are longer are split where its own tokens end.
    private static let longestWord = 32

    /// Bytes that are no UTF-8 become U+FFFD; ids without a token become nothing.
    public func decode(_ ids: [Int], skippingSpecialTokens: Bool = false) -> String {
        var stream = textStream(skippingSpecialTokens: skippingSpecialTokens)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(ids.count * 4)
        for id in ids { stream.append(id, to: &bytes) }
        stream.finish(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Decodes tokens one by one.
    public func textStream(skippingSpecialTokens: Bool = false) -> TextStream {
        TextStream(storage.vocabulary, skippingSpecialTokens: skippingSpecialTokens)
    }

    /// The bytes of one token in the middle of a text, perhaps a part of a character; none for an id
    /// without a token.
    public func bytes(of id: Int) -> [UInt8] {
        let pieces = storage.vocabulary.pieces
        return pieces.ends.indices.contains(id) ? Array(pieces.bytes[pieces.range(id)]) : []
    }

    /// The id of a token as tokenizer.json spells it ("Ġthe", "<|end|>").
    public func id(of token: String) -> Int? { storage.ids[Array(token.utf8)].map(Int.init) }

    /// Whether an id is one of the tokens that structure a text and are none of its words.
    public func isSpecial(_ id: Int) -> Bool { storage.vocabulary.special.contains(id) }

    /// The token of an id as tokenizer.json spells it.
    public func token(_ id: Int) -> String? {
        storage.vocabulary.tokens.indices.contains(id) ? storage.vocabulary.tokens[id] : nil
    }
}

/// The merges of a SentencePiece BPE model, from the scores of its tokens: every way to put a token together from two
/// others is one, the best token's first (`generate_merges` in transformers' convert_slow_tokenizer).
///
/// Tokens that a person added have no score of their own in a GGUF file; in SentencePiece's, theirs is 0, the best.
struct SentencePieceMerges {
    private let texts: [[UInt8]]
    private let scores: [Float]
    private let isMerged: [Bool]

    /// A token of n characters is cut at n - 1 places. Longer ones, of which no model has any, are left whole.
    private static let longestToken = 512

    init(_ vocabulary: GGUFVocabulary) throws {
        let metadata = vocabulary.metadata, key = "tokenizer.ggml.scores"
        guard var scores = try metadata.reals(key, limit: vocabulary.texts.count) else { throw metadata.missing(key) }
        guard scores.count == vocabulary.texts.count else {
            throw metadata.damaged("\(key) has \(scores.count) of \(vocabulary.texts.count) tokens")
        }
        for (id, kind) in vocabulary.kinds.enumerated() where kind == .userDefined { scores[id] = 0 }
        self.scores = scores
        texts = vocabulary.texts.map { Array($0.utf8) }
        isMerged = vocabulary.texts.indices.map { !vocabulary.isSpecial($0) && !vocabulary.isFiller($0) }
    }

    private struct Merge {
        var token: Int32
        /// Bytes of the left part.
        var cut: Int32
        /// Characters of both parts.
        var left: Int32
        var right: Int32
    }

    func json() -> JSONValue {
        var merges = self.merges()
        // Stable: among equals, the order of the tokens, then of their parts.
        merges.sort {
            (scores[Int($0.token)], $0.left, $0.right) > (scores[Int($1.token)], $1.left, $1.right)
        }
        return .array(
            merges.map { merge in
                let text = texts[Int(merge.token)], cut = Int(merge.cut)
                return .array([
                    .string(String(decoding: text[..<cut], as: UTF8.self)),
                    .string(String(decoding: text[cut...], as: UTF8.self)),
                ])
            }
        )
    }

    private func merges() -> [Merge] {
        var ids = TokenTable(capacity: texts.count)
        for (id, text) in texts.enumerated() where isMerged[id] {
            _ = text.withUnsafeBufferPointer { ids.insert($0, Int32(id)) }
        }
        var merges: [Merge] = []
        for (id, text) in texts.enumerated() where isMerged[id] && text.count <= Self.longestToken {
            let characters = text.count { $0 & 0xC0 != 0x80 }
            var found: [(left: Int32, right: Int32, merge: Merge)] = []
            var left = 1
            text.withUnsafeBufferPointer { text in
                for cut in stride(from: 1, to: text.count, by: 1) where text[cut] & 0xC0 != 0x80 {
                    if let first = ids[UnsafeBufferPointer(rebasing: text[..<cut])],
                        let second = ids[UnsafeBufferPointer(rebasing: text[cut...])]
                    {
                        let merge = Merge(
                            token: Int32(id),
                            cut: Int32(cut),
                            left: Int32(left),
                            right: Int32(characters - left)
                        )
                        found.append((first, second, merge))
                    }
                    left += 1
                }
            }
            found.sort { ($0.left, $0.right) < ($1.left, $1.right) }
            merges += found.map(\.merge)
        }
        return merges
    }
}

/// A token that is cut out of the text before anything else is done to it (`added_tokens` in tokenizer.json).
struct AddedToken: Sendable {
    var id: Int32
    var content: String
    /// What is looked for: of tokens matched in the normalized text, what the normalizer makes of the content.
    var match: [UInt8]
    /// Matches only where neither neighbour is a word character.
    var singleWord = false
    /// Takes the white space to its left (right) with it.
    var stripsLeft = false
    var stripsRight = false
    /// Matched in the normalized text, that is after the tokens that are not.
    var normalized = false
    /// Left out when decoding skips special tokens.
    var special = false
}

/// Finds added tokens as the Rust library's `AddedVocabulary` does: leftmost, then longest, not overlapping; a match
/// that fails its `single_word` test is passed over with no shorter one tried in its place.
struct AddedTokenMatcher: Sendable {
    private let tokens: [AddedToken]
    /// The trie: (node, byte) -> (child, index of the token that ends there, or -1). Node 0 is the root.
    private let edges: PairTable
    private let startsToken: [Bool]

    init(_ tokens: [AddedToken]) {
        self.tokens = tokens
        let count = tokens.reduce(0) { $0 + $1.match.count }
        var edges = PairTable(capacity: count)
        var starts = [Bool](repeating: false, count: 256)
        var nodes: Int32 = 1
        for (index, token) in tokens.enumerated() {
            var node: Int32 = 0
            for (position, byte) in token.match.enumerated() {
                if position == 0 { starts[Int(byte)] = true }
                var (child, end) = edges[node, Int32(byte)] ?? (nodes, -1)
                if child == nodes { nodes += 1 }
                if position == token.match.count - 1 { end = Int32(index) }
                edges.insert(node, Int32(byte), (child, end))
                node = child
            }
        }
        self.edges = edges
        startsToken = starts
    }

    var isEmpty: Bool { tokens.isEmpty }

    /// Cuts `text[range]` into added tokens and the rest, in order. What lies outside of the range is not looked at.
    func split(
        _ text: UnsafeBufferPointer<UInt8>,
        _ range: Range<Int>,
        rest: (Range<Int>) -> Void,
        token: (AddedToken) -> Void
    ) {
        var covered = range.lowerBound
        var position = range.lowerBound
        while position < range.upperBound {
            guard startsToken[Int(text[position])], let (index, end) = longestMatch(text, position, range.upperBound)
            else {
                position += 1
                continue
            }
            let match = tokens[index]
            var start = position, stop = end
            position = end
            if match.singleWord {
                if start > range.lowerBound, text.scalar(at: text.scalarStart(before: start)).scalar.isWordCharacter {
                    continue
                }
                if stop < range.upperBound, text.scalar(at: stop).scalar.isWordCharacter { continue }
            }
            if match.stripsLeft {
                var new = start
                while new > range.lowerBound {
                    let previous = text.scalarStart(before: new)
                    guard text.scalar(at: previous).scalar.properties.isWhitespace else { break }
                    new = previous
                }
                start = max(new, covered)
            }
            if match.stripsRight {
                while stop < range.upperBound {
                    let (scalar, length) = text.scalar(at: stop)
                    guard scalar.properties.isWhitespace else { break }
                    stop += length
                }
            }
            if covered < start { rest(covered..<start) }
            token(match)
            covered = stop
        }
        if covered < range.upperBound { rest(covered..<range.upperBound) }
    }

    private func longestMatch(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int) -> (index: Int, end: Int)?
    {
        var node: Int32 = 0
        var position = start
        var best: (Int, Int)?
        while position < limit, let (child, end) = edges[node, Int32(text[position])] {
            position += 1
            node = child
            if end >= 0 { best = (Int(end), position) }
        }
        return best
    }
}

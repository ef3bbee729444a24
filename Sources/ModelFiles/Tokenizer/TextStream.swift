/// Text of tokens that come one after the other: what `append` and `finish` give, put together and read as UTF-8, is
/// what `Tokenizer.decode` makes of all of them. Nothing that was given is taken back.
///
/// The bytes may end inside of a character. Tokens of single bytes (SentencePiece's byte fallback) are held back until
/// another token comes, since they mean nothing before it is known whether together they are UTF-8.
public struct TextStream: Sendable {
    private let vocabulary: Tokenizer.Vocabulary
    private let skipsSpecialTokens: Bool
    private var isFirst = true
    private var byteRun: [UInt8] = []
    /// How often the decoder may yet strip the start of the text.
    private var strips: Int

    init(_ vocabulary: Tokenizer.Vocabulary, skippingSpecialTokens: Bool) {
        self.vocabulary = vocabulary
        skipsSpecialTokens = skippingSpecialTokens
        strips = vocabulary.decoder.stripped?.count ?? 0
    }

    /// Bytes that wait for another token.
    var heldBack: Int { byteRun.count }

    /// - Returns: the bytes that are new; none for an id without a token.
    public mutating func append(_ id: Int) -> [UInt8] {
        var out: [UInt8] = []
        append(id, to: &out)
        return out
    }

    /// - Returns: what was held back. Nothing may be appended afterwards.
    public mutating func finish() -> [UInt8] {
        var out: [UInt8] = []
        finish(&out)
        return out
    }

    mutating func append(_ id: Int, to out: inout [UInt8]) {
        guard vocabulary.tokens.indices.contains(id), vocabulary.tokens[id] != nil else { return }
        if skipsSpecialTokens, vocabulary.special.contains(id) { return }
        let pieces = vocabulary.pieces
        let piece = pieces.bytes[pieces.range(id)]
        if pieces.isByte[id] {
            byteRun.append(contentsOf: piece)
        } else {
            endByteRun(&out)
            if isFirst, let first = vocabulary.decoder.firstPiece(vocabulary.spelling(id)) {
                add(first[...], to: &out)
            } else {
                if !isFirst, case .plain(let separator) = vocabulary.decoder.joining, !separator.isEmpty {
                    add(separator[...], to: &out)
                }
                add(piece, to: &out)
            }
        }
        isFirst = false
    }

    mutating func finish(_ out: inout [UInt8]) { endByteRun(&out) }

    private mutating func endByteRun(_ out: inout [UInt8]) {
        guard !byteRun.isEmpty else { return }
        if String(validating: byteRun, as: UTF8.self) != nil {
            add(byteRun[...], to: &out)
        } else {
            add(Array(repeatElement("\u{FFFD}".utf8, count: byteRun.count).joined())[...], to: &out)
        }
        byteRun.removeAll(keepingCapacity: true)
    }

    private mutating func add(_ piece: ArraySlice<UInt8>, to out: inout [UInt8]) {
        guard strips > 0, let part = vocabulary.decoder.stripped?.part else { return out.append(contentsOf: piece) }
        var rest = piece
        while strips > 0, rest.starts(with: part) {
            rest = rest.dropFirst(part.count)
            strips -= 1
        }
        if !rest.isEmpty { strips = 0 }
        out.append(contentsOf: rest)
    }
}

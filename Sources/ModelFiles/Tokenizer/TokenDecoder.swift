/// How tokens become text again, as `decoder` in tokenizer.json says: steps on each token, then the joining of all.
struct TokenDecoder: Sendable {
    /// What is done to the spelling of one token.
    enum Step: Sendable {
        case replace([UInt8], with: [UInt8])
        /// The character becomes a space; of the first token's text, nothing where `dropsFirst`.
        case metaspace([UInt8], dropsFirst: Bool)
        /// Up to so many of this scalar at the ends.
        case strip([UInt8], left: Int, right: Int)
    }

    enum Joining: Sendable {
        /// One after the other, with this between them.
        case plain(separator: [UInt8])
        /// A token of byte-level BPE becomes its bytes.
        case byteLevel
        /// Runs of the tokens `<0x00>`... become their bytes if those are UTF-8, else U+FFFD for each.
        case byteFallback
    }

    let steps: [Step]
    let joining: Joining
    /// Stripped from the start of the whole text, up to so many times.
    let stripped: (part: [UInt8], count: Int)?

    private var dropsFirst: Bool { steps.contains { if case .metaspace(_, true) = $0 { true } else { false } } }

    /// The tokens' bytes in the middle of a text, one after the other.
    struct Pieces: Sendable {
        fileprivate(set) var bytes: [UInt8] = []
        fileprivate(set) var ends: [Int] = []
        /// Tokens that are a byte (`byteFallback`).
        fileprivate(set) var isByte: [Bool] = []

        func range(_ id: Int) -> Range<Int> { (id == 0 ? 0 : ends[id - 1])..<ends[id] }
    }

    func pieces(_ tokens: [String?]) -> Pieces {
        var pieces = Pieces()
        pieces.ends.reserveCapacity(tokens.count)
        for token in tokens {
            let (piece, isByte) = piece(token ?? "", isFirst: false)
            pieces.bytes.append(contentsOf: piece)
            pieces.ends.append(pieces.bytes.count)
            pieces.isByte.append(isByte)
        }
        return pieces
    }

    /// The bytes of the token that begins a text, where they are others than in its middle.
    func firstPiece(_ token: String) -> [UInt8]? { dropsFirst ? piece(token, isFirst: true).0 : nil }

    private func piece(_ token: String, isFirst: Bool) -> ([UInt8], isByte: Bool) {
        var bytes = Array(token.utf8)
        for step in steps { bytes = step.apply(bytes, isFirst: isFirst) }
        switch joining {
        case .plain: return (bytes, false)
        case .byteLevel: return (ByteAlphabet.decode(String(decoding: bytes, as: UTF8.self)) ?? bytes, false)
        case .byteFallback:
            guard bytes.count == 6, bytes.starts(with: "<0x".utf8), bytes[5] == UInt8(ascii: ">"),
                let byte = UInt8(String(decoding: bytes[3..<5], as: UTF8.self), radix: 16)
            else { return (bytes, false) }
            return ([byte], true)
        }
    }
}

extension TokenDecoder.Step {
    fileprivate func apply(_ token: [UInt8], isFirst: Bool) -> [UInt8] {
        switch self {
        case .replace(let pattern, let content):
            return token.withUnsafeBufferPointer { $0.replacing(pattern, with: content) } ?? token
        case .metaspace(let replacement, let dropsFirst):
            return token.withUnsafeBufferPointer {
                $0.replacing(replacement, with: isFirst && dropsFirst ? [] : [UInt8(ascii: " ")])
            } ?? token
        case .strip(let part, let left, let right):
            var rest = token[...]
            for _ in 0..<left where rest.starts(with: part) { rest = rest.dropFirst(part.count) }
            for _ in 0..<right where rest.count >= part.count && rest.suffix(part.count).elementsEqual(part) {
                rest = rest.dropLast(part.count)
            }
            return Array(rest)
        }
    }
}

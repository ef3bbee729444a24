/// What a word starts as: the token of each scalar (of byte-level BPE: of each byte). One without a token becomes the
/// tokens of its bytes (`byte_fallback`), else the unknown token, else nothing.
struct SymbolTable: Sendable {
    private enum Unit: Sendable { case byte, scalar }

    private let unit: Unit
    /// Pages of 256 scalars; `pages[value >> 8]` is the start of one, or -1. Of bytes there is one page.
    private let pages: [Int32]
    private let ids: [Int32]
    /// The tokens `<0x00>`... of the bytes, or -1; nil without fallback.
    private let fallback: [Int32]?
    private let unknown: Int32?
    /// Neighbouring unknown scalars become one token.
    private let fusesUnknown: Bool

    init(_ vocabulary: TokenTable, isByteLevel: Bool, byteFallback: Bool, unknown: Int32?, fusesUnknown: Bool) {
        unit = isByteLevel ? .byte : .scalar
        self.unknown = unknown
        self.fusesUnknown = fusesUnknown
        fallback = byteFallback ? (UInt8.min...UInt8.max).map { vocabulary[Self.fallbackToken($0)] ?? -1 } : nil
        if isByteLevel {
            pages = [0]
            ids = ByteAlphabet.scalars.map { vocabulary[Array(String($0).utf8)] ?? -1 }
            return
        }
        var pages = [Int32](repeating: -1, count: 0x1100)
        var ids: [Int32] = []
        vocabulary.forEach { token, id in
            guard !token.isEmpty, case let (value, length) = token.scalarValue(at: 0), length == token.count else {
                return
            }
            let page = Int(value >> 8)
            if pages[page] < 0 {
                pages[page] = Int32(ids.count)
                ids.append(contentsOf: repeatElement(-1, count: 256))
            }
            ids[Int(pages[page]) + Int(value & 0xFF)] = id
        }
        self.pages = pages
        self.ids = ids
    }

    static func fallbackToken(_ byte: UInt8) -> [UInt8] {
        let digits = String(byte, radix: 16, uppercase: true)
        return Array("<0x\(digits.utf8.count == 1 ? "0" : "")\(digits)>".utf8)
    }

    /// The token of a scalar, or -1.
    @inline(__always) func id(ofScalar value: UInt32) -> Int32 {
        let page = pages[Int(value >> 8)]
        return page < 0 ? -1 : ids[Int(page) + Int(value & 0xFF)]
    }

    /// Tokens that no merge may speak of where words are cut at `MergeBoundaries`: their text is unknown.
    var opaque: [Int32] { (fallback ?? []).filter { $0 >= 0 } + (unknown.map { [$0] } ?? []) }

    func read(_ word: UnsafeBufferPointer<UInt8>, into symbols: inout [Int32]) {
        symbols.removeAll(keepingCapacity: true)
        var index = 0
        // An unknown token is added only when a known one follows, or the end: after the bytes of scalars between, as
        // in Rust.
        var pending = false
        while index < word.count {
            var id: Int32
            let start = index
            if unit == .byte {
                id = ids[Int(word[index])]
                index += 1
            } else {
                let (value, length) = word.scalarValue(at: index)
                id = self.id(ofScalar: value)
                index += length
            }
            if id >= 0 {
                if pending, let unknown { symbols.append(unknown) }
                pending = false
                symbols.append(id)
                continue
            }
            if let fallback {
                // The model of byte-level BPE sees a byte as a scalar of GPT-2's alphabet.
                let bytes =
                    unit == .byte
                    ? Array(String(ByteAlphabet.scalars[Int(word[start])]).utf8) : Array(word[start..<index])
                if bytes.allSatisfy({ fallback[Int($0)] >= 0 }) {
                    for byte in bytes { symbols.append(fallback[Int(byte)]) }
                    continue
                }
            }
            if let unknown {
                if pending, !fusesUnknown { symbols.append(unknown) }
                pending = true
            }
        }
        if pending, let unknown { symbols.append(unknown) }
    }
}

/// GPT-2's reversible map from bytes to printable scalars (`bytes_to_unicode`), in which the tokens of byte-level BPE
/// are spelled: printable Latin-1 stands for itself, the 68 other bytes for U+0100 and on. A space is "Ġ".
enum ByteAlphabet {
    private static let printable: [ClosedRange<UInt8>] = [0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF]

    /// The scalar of every byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (UInt8.min...UInt8.max).map { byte in
            if printable.contains(where: { $0.contains(byte) }) { return Unicode.Scalar(byte) }
            defer { next += 1 }
            return Unicode.Scalar(next)!
        }
    }()

    /// The byte of every scalar of the alphabet, by its value (all are below 0x144).
    private static let bytes: [UInt8?] = {
        var table = [UInt8?](repeating: nil, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = UInt8(byte) }
        return table
    }()

    /// The bytes that a token spells, or nil if any scalar of it is outside the alphabet.
    static func decode(_ token: String) -> [UInt8]? {
        var out: [UInt8] = []
        for scalar in token.unicodeScalars {
            guard scalar.value < bytes.count, let byte = bytes[Int(scalar.value)] else { return nil }
            out.append(byte)
        }
        return out
    }

    /// The tokens that spell bytes, by their bytes.
    static func decoded(_ tokens: TokenTable) -> TokenTable {
        var words = TokenTable(capacity: tokens.count)
        tokens.forEach { token, id in
            if let word = decode(String(decoding: token, as: UTF8.self)) {
                _ = word.withUnsafeBufferPointer { words.insert($0, id) }
            }
        }
        return words
    }

    /// The token that spells these bytes.
    static func encode(_ text: some Sequence<UInt8>) -> String {
        var token = ""
        for byte in text { token.unicodeScalars.append(scalars[Int(byte)]) }
        return token
    }
}

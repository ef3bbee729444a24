import LocalLM

/// Mutations of bytes, whatever they mean.
struct Mutator {
    /// Words that mean something in the format.
    let words: [[UInt8]]

    init(words: [String]) { self.words = words.map { Array($0.utf8) } }

    /// Numbers that arithmetic stumbles over, as text.
    static let edgeNumbers = [
        "0", "-0", "-1", "1", "2", "127", "128", "255", "256", "65535", "65536", "2147483647", "2147483648",
        "-2147483648", "4294967295", "4294967296",
        "9007199254740992", "9007199254740993", "4611686018427387904", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551615", "18446744073709551616", "1e308", "-1e308", "1e309", "1e-308", "5e-324", "1e-400", "0.5",
        "1.0", "1e0", "1E+2",
        "123456789012345678901234567890", "0.1e1", "4194304", "4194305", "3", "7", "64",
    ]

    /// Bytes that are no UTF-8, or hard to take.
    static let hardBytes: [[UInt8]] = [
        [0], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xEF, 0xBB, 0xBF],
        [0xE2, 0x80, 0xA8], [0xCC, 0x81],
        [0xF0, 0x9F, 0x98, 0x80],
        [0xC3], [0x0D, 0x0A], [0x7F], [0xE2, 0x84, 0xAA],
    ]

    /// One to a few mutations. Most inputs stay near to valid ones.
    func mutate(_ bytes: inout [UInt8], with other: [UInt8], _ random: inout RandomStream) {
        for _ in 0..<random.small() { mutateOnce(&bytes, other, &random) }
    }

    private func mutateOnce(_ bytes: inout [UInt8], _ other: [UInt8], _ random: inout RandomStream) {
        guard !bytes.isEmpty else { return bytes = random.element(of: words) }
        let at = random.integer(below: bytes.count)
        switch random.integer(below: 64) {
        case 0..<10: bytes[at] ^= UInt8(1 << random.integer(below: 8))
        case 10..<16: bytes[at] = UInt8(random.integer(below: 256))
        case 16..<24: bytes.removeSubrange(at..<min(bytes.count, at + random.small()))
        case 24..<28: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.integer(below: 64)))
        case 28..<34: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 1 + random.integer(below: 32))], at: at)
        case 34..<42: bytes.insert(contentsOf: random.element(of: words), at: at)
        case 42..<47: replaceNumber(&bytes, near: at, &random)
        case 47..<51: bytes.insert(contentsOf: random.element(of: Self.hardBytes), at: at)
        case 51..<55: splice(&bytes, at, other, &random)
        case 55..<57: bytes.removeSubrange(at...)
        case 57..<60: bytes.swapAt(at, random.integer(below: bytes.count))
        case 60: bytes.insert(contentsOf: [UInt8](repeating: bytes[at], count: 1 << random.integer(below: 12)), at: at)
        case 61: nest(&bytes, at, &random)
        default: bytes.insert(UInt8(random.integer(below: 128)), at: at)
        }
    }

    /// The digits at or behind a place become an edge value.
    private func replaceNumber(_ bytes: inout [UInt8], near at: Int, _ random: inout RandomStream) {
        func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
        guard let start = bytes[at...].firstIndex(where: isDigit) else { return }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: random.element(of: Self.edgeNumbers).utf8)
    }

    private func splice(_ bytes: inout [UInt8], _ at: Int, _ other: [UInt8], _ random: inout RandomStream) {
        guard !other.isEmpty else { return }
        let start = random.integer(below: other.count), end = min(other.count, start + 1 + random.integer(below: 128))
        if random.one(in: 4) {
            bytes.replaceSubrange(at..., with: other[start...])
        } else {
            bytes.insert(contentsOf: other[start..<end], at: at)
        }
    }

    /// Many openings, sometimes with their closings.
    private func nest(_ bytes: inout [UInt8], _ at: Int, _ random: inout RandomStream) {
        let (open, close) = random.element(of: [
            ("[", "]"), ("{\"a\":", "}"), ("(", ")"), ("{{", "}}"), ("{%if x%}", "{%endif%}"), ("-", ""), ("not ", ""),
        ])
        let depth = 1 << random.integer(below: random.one(in: 16) ? 17 : 9)
        if random.one(in: 2) { bytes.insert(contentsOf: String(repeating: close, count: depth).utf8, at: at) }
        bytes.insert(contentsOf: String(repeating: open, count: depth).utf8, at: at)
    }
}

extension RandomStream {
    mutating func one(in count: Int) -> Bool { integer(below: count) == 0 }

    mutating func element<Element>(of array: [Element]) -> Element { array[integer(below: array.count)] }

    /// 1 mostly, then 2, seldom up to 8.
    mutating func small() -> Int {
        var count = 1
        while count < 8 && one(in: 3) { count += 1 }
        return count
    }
}

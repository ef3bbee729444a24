/// Takes a key out of texts that an endpoint answers with.
extension Secret {
    /// What stands in a key's place.
    static let mark = "[key]"
    /// A part of a key that is this long is taken out of what is shown.
    static let shownPart = 8
    /// And of what is kept as an answer: there, chance must not change a word. `sk-no-key-required` holds one of eight
    /// letters.
    static let keptPart = 16

    /// The text without the key, without its JSON- and percent-escaped forms in any letter case, and without any part
    /// of it that is eight characters long.
    public func redact(in text: String) -> String { redact(in: text, part: Self.shownPart) }

    /// For answers: without the whole key where that has eight characters or more, and without parts of sixteen.
    func redactAnswer(_ text: String) -> String {
        withBytes { $0.count < Self.shownPart } ? text : redact(in: text, part: Self.keptPart)
    }

    private func redact(in text: String, part: Int) -> String {
        let source = Array(text.utf8)
        var isKey = [Bool](repeating: false, count: source.count)
        // As it is written, and as it is meant: a key may hold what looks like an escape.
        for units in [Self.plain(source), Self.unescaped(source)] {
            let covered = withBytes { Self.covered(units, key: $0.map(Self.folded), part: min(part, $0.count)) }
            for (unit, isCovered) in zip(units, covered) where isCovered {
                for place in unit.start..<unit.end { isKey[place] = true }
            }
        }
        guard isKey.contains(true) else { return text }
        var result: [UInt8] = []
        for (index, byte) in source.enumerated() {
            if !isKey[index] {
                result.append(byte)
            } else if index == 0 || !isKey[index - 1] {
                result += Self.mark.utf8
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// One character of the text, whichever way it is written there.
    private struct Unit {
        /// In lower case; 0 for all that no key holds.
        let byte: UInt8
        let start: Int
        let end: Int

        init(_ byte: UInt8, _ start: Int, _ end: Int) {
            self.byte = byte < 0x80 ? folded(byte) : 0
            self.start = start
            self.end = end
        }
    }

    private static func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }

    private static func plain(_ bytes: [UInt8]) -> [Unit] { bytes.indices.map { Unit(bytes[$0], $0, $0 + 1) } }

    /// `%6B`, `\u006B`, `\/` and their like count as the character that they mean.
    private static func unescaped(_ bytes: [UInt8]) -> [Unit] {
        var units: [Unit] = [], position = 0
        units.reserveCapacity(bytes.count)
        func number(_ range: Range<Int>) -> UInt8? {
            guard range.upperBound <= bytes.count else { return nil }
            let digits = String(decoding: bytes[range], as: UTF8.self)
            return digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }) ? UInt8(digits, radix: 16) : nil
        }
        while position < bytes.count {
            var byte = bytes[position], end = position + 1
            if byte == UInt8(ascii: "%"), let value = number(end..<end + 2) {
                (byte, end) = (value, end + 2)
            } else if byte == UInt8(ascii: "\\"), end < bytes.count {
                if bytes[end] == UInt8(ascii: "u"), let value = number(end + 1..<end + 5) {
                    (byte, end) = (value, end + 5)
                } else if [UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "\"")].contains(bytes[end]) {
                    (byte, end) = (bytes[end], end + 1)
                }
            }
            units.append(Unit(byte, position, end))
            position = end
        }
        return units
    }

    /// Which units belong to a stretch of `part` characters that the key has as well.
    private static func covered(_ units: [Unit], key: [UInt8], part: Int) -> [Bool] {
        var covered = [Bool](repeating: false, count: units.count)
        guard units.count >= part else { return covered }
        // A rolling hash finds where to look (Karp & Rabin 1987), the set of parts decides.
        let parts = Set((0...key.count - part).map { Array(key[$0..<$0 + part]) })
        let hashes = Set(parts.map { $0.reduce(UInt64(0), step) })
        let power = (0..<part).reduce(UInt64(1)) { value, _ in value &* base }
        var hash: UInt64 = 0, end = 0
        for index in units.indices {
            hash = step(hash, units[index].byte)
            if index >= part { hash = hash &- power &* UInt64(units[index - part].byte) }
            guard index >= part - 1, hashes.contains(hash) else { continue }
            let start = index - part + 1
            guard parts.contains(units[start...index].map(\.byte)) else { continue }
            for place in max(start, end)...index { covered[place] = true }
            end = index + 1
        }
        return covered
    }

    private static let base: UInt64 = 0x100_0000_01B3
    private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 { hash &* base &+ UInt64(byte) }
}

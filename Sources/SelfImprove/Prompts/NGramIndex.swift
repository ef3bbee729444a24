import LocalLM

/// Where each n-gram of a growing list of words stands first: a hash table with open addressing whose keys are the
/// words themselves, so that equal hashes are told apart.
struct NGramIndex: Sendable {
    private struct Slot: Sendable {
        /// 1 more than the position; 0 is a free slot.
        var position: UInt32 = 0
        /// The last row that held it, and how many did.
        var row: UInt32 = 0
        var rows: UInt32 = 0
    }

    /// Of a hash the bits that count: fewer in tests, so that hashes collide.
    var hashMask = UInt64.max
    private var slots = [Slot](repeating: Slot(), count: 64)
    private(set) var count = 0

    /// Counts the n-gram at a position of `words`, which belongs to a row. Rows come in order.
    mutating func insert(_ position: Int, of words: [UInt32], n: Int, row: Int) {
        precondition(words.count < Int(UInt32.max), "an evaluation set of \(words.count) words")
        if count * 4 >= slots.count * 3 { grow(words, n) }
        let index = slot(words, position, n, in: words)
        if slots[index].position == 0 {
            slots[index] = Slot(position: UInt32(position + 1), row: UInt32(row), rows: 1)
            count += 1
        } else if slots[index].row != row {
            slots[index].row = UInt32(row)
            slots[index].rows += 1
        }
    }

    /// The first position in `words` of the n-gram that `text` holds at `start`.
    /// - Parameter commonRows: n-grams of more rows than this are not met.
    func first(_ text: [UInt32], at start: Int, n: Int, in words: [UInt32], commonRows: Int?) -> Int? {
        let slot = slots[self.slot(text, start, n, in: words)]
        guard slot.position != 0, Int(slot.rows) <= commonRows ?? .max else { return nil }
        return Int(slot.position) - 1
    }

    /// How many rows hold the n-gram that `text` holds at `start`.
    func rows(_ text: [UInt32], at start: Int, n: Int, in words: [UInt32]) -> Int {
        Int(slots[slot(text, start, n, in: words)].rows)
    }

    /// The slot of an n-gram, or the free one where it would be.
    private func slot(_ text: [UInt32], _ start: Int, _ n: Int, in words: [UInt32]) -> Int {
        var hash: UInt64 = 0
        for word in text[start..<start + n] { hash = RandomKey.mix(hash &+ UInt64(word) &+ 0x9E37_79B9_7F4A_7C15) }
        var index = Int(truncatingIfNeeded: hash & hashMask) & (slots.count - 1)
        while slots[index].position != 0 {
            let position = Int(slots[index].position) - 1
            if (0..<n).allSatisfy({ words[position + $0] == text[start + $0] }) { break }
            index = (index + 1) & (slots.count - 1)
        }
        return index
    }

    private mutating func grow(_ words: [UInt32], _ n: Int) {
        let old = slots
        slots = [Slot](repeating: Slot(), count: old.count * 2)
        for slot in old where slot.position != 0 {
            slots[self.slot(words, Int(slot.position) - 1, n, in: words)] = slot
        }
    }
}

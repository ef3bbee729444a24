/// A hash table from pairs of small numbers to a pair of small numbers: merges of BPE, edges of a trie. Open addressing,
/// linear probing, at most half full.
struct PairTable: Sendable {
    private var keys: [UInt64]
    private var values: [UInt64]
    private let mask: Int
    private static let empty = UInt64.max

    /// Room for `capacity` pairs; no more may be inserted.
    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        keys = [UInt64](repeating: Self.empty, count: size)
        values = [UInt64](repeating: 0, count: size)
        mask = size - 1
    }

    private static func pack(_ a: Int32, _ b: Int32) -> UInt64 { UInt64(UInt32(bitPattern: a)) << 32 | UInt64(UInt32(bitPattern: b)) }

    private func slot(of key: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: RandomKey.mix(key)) & mask
        while keys[slot] != key && keys[slot] != Self.empty { slot = (slot + 1) & mask }
        return slot
    }

    /// The last value inserted for a pair stays. The pair (-1, -1) must not be used.
    mutating func insert(_ a: Int32, _ b: Int32, _ value: (Int32, Int32)) {
        let key = Self.pack(a, b), slot = slot(of: key)
        keys[slot] = key
        values[slot] = Self.pack(value.0, value.1)
    }

    subscript(a: Int32, b: Int32) -> (Int32, Int32)? {
        let key = Self.pack(a, b), slot = slot(of: key)
        guard keys[slot] == key else { return nil }
        return (Int32(truncatingIfNeeded: values[slot] >> 32), Int32(truncatingIfNeeded: values[slot]))
    }
}

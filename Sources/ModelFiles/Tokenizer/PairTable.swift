/// A hash table from pairs of small numbers to a pair of small numbers: merges of BPE, edges of a trie. Open
/// addressing, linear probing, at most half full, a pair and its value side by side.
struct PairTable: Sendable {
    private var slots: [(key: UInt64, value: UInt64)]
    private let mask: Int
    private let seed = HashSeed.value
    private static let empty = UInt64.max

    /// Room for `capacity` pairs; no more may be inserted.
    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [(UInt64, UInt64)](repeating: (Self.empty, 0), count: size)
        mask = size - 1
    }

    @inline(__always) private static func pack(_ a: Int32, _ b: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: a)) << 32 | UInt64(UInt32(bitPattern: b))
    }

    @inline(__always) private func slot(of key: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: (key ^ seed).mixed) & mask
        while slots[slot].key != key && slots[slot].key != Self.empty { slot = (slot + 1) & mask }
        return slot
    }

    /// The last value inserted for a pair stays. The pair (-1, -1) must not be used.
    mutating func insert(_ a: Int32, _ b: Int32, _ value: (Int32, Int32)) {
        let key = Self.pack(a, b)
        slots[slot(of: key)] = (key, Self.pack(value.0, value.1))
    }

    @inline(__always) subscript(a: Int32, b: Int32) -> (Int32, Int32)? {
        packed(a, b).map { (Int32(truncatingIfNeeded: $0 >> 32), Int32(truncatingIfNeeded: $0)) }
    }

    /// The first number of the value in the upper half, the second in the lower.
    @inline(__always) func packed(_ a: Int32, _ b: Int32) -> UInt64? {
        let key = Self.pack(a, b), slot = slots[slot(of: key)]
        return slot.key == key ? slot.value : nil
    }
}

/// What one call of the encoder needs to itself: room for the symbols of a word, and words already encoded.
///
/// `@unchecked Sendable`: it goes from call to call, but belongs to one at a time.
final class EncodingWorkspace: @unchecked Sendable {
    /// Words as they came, and parts of words: the two are not the same where words are tokens whatever the merges say.
    let cache = WordCache()
    let parts = WordCache()
    var symbols: [Int32] = []
    /// (rank, merged) of the pair that starts at a symbol, or `noPair`.
    private var pairs: [UInt64] = []
    private var next: [Int32] = []
    private var previous: [Int32] = []
    private var heap = MinimumHeap()

    private static let noPair = UInt64.max

    /// Merges `symbols` in place.
    func mergeByScan(_ merges: PairTable) {
        var count = symbols.count
        if pairs.count < count { pairs = [UInt64](repeating: 0, count: count * 2) }
        symbols.withUnsafeMutableBufferPointer { symbols in
            pairs.withUnsafeMutableBufferPointer { pairs in
                @inline(__always) func pair(_ index: Int) -> UInt64 {
                    merges.packed(symbols[index], symbols[index + 1]) ?? Self.noPair
                }
                for index in 0..<max(count - 1, 0) { pairs[index] = pair(index) }
                while count > 1 {
                    var best = Self.noPair, place = 0
                    for index in 0..<count - 1 where pairs[index] < best { (best, place) = (pairs[index], index) }
                    if best == Self.noPair { break }
                    symbols[place] = Int32(truncatingIfNeeded: best)
                    count -= 1
                    var index = place + 1
                    while index < count {
                        symbols[index] = symbols[index + 1]
                        pairs[index - 1] = pairs[index]
                        index += 1
                    }
                    if place > 0 { pairs[place - 1] = pair(place - 1) }
                    if place + 1 < count { pairs[place] = pair(place) }
                }
            }
        }
        symbols.removeLast(symbols.count - count)
    }

    /// The same in O(n log n): a linked list of symbols, and a heap of candidate pairs keyed by rank, then position.
    func mergeByHeap(_ merges: PairTable) {
        let count = symbols.count
        next = (0..<count).map { Int32($0 + 1) }
        previous = (0..<count).map { Int32($0 - 1) }
        heap.removeAll()
        func push(_ left: Int, _ right: Int) {
            guard let (rank, _) = merges[symbols[left], symbols[right]] else { return }
            heap.insert(UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(left))
        }
        for index in 0..<max(count - 1, 0) { push(index, index + 1) }
        while let candidate = heap.removeMinimum() {
            let left = Int(candidate & 0xFFFF_FFFF), right = Int(next[left])
            // An outdated pair: one of its symbols has been merged meanwhile.
            guard symbols[left] >= 0, right < count, let (rank, merged) = merges[symbols[left], symbols[right]],
                UInt64(UInt32(bitPattern: rank)) == candidate >> 32
            else { continue }
            symbols[left] = merged
            symbols[right] = -1
            next[left] = next[right]
            if next[left] < count { previous[Int(next[left])] = Int32(left) }
            if previous[left] >= 0 { push(Int(previous[left]), left) }
            if next[left] < count { push(left, Int(next[left])) }
        }
        symbols.removeAll { $0 < 0 }
    }
}

/// A binary heap of 64-bit keys, smallest first.
struct MinimumHeap {
    private var keys: [UInt64] = []

    mutating func removeAll() { keys.removeAll(keepingCapacity: true) }

    mutating func insert(_ key: UInt64) {
        keys.append(key)
        var child = keys.count - 1
        while child > 0, keys[child] < keys[(child - 1) / 2] {
            keys.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeMinimum() -> UInt64? {
        guard let minimum = keys.first else { return nil }
        let last = keys.removeLast()
        guard !keys.isEmpty else { return minimum }
        keys[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < keys.count else { return minimum }
            if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
            guard keys[child] < keys[parent] else { return minimum }
            keys.swapAt(parent, child)
            parent = child
        }
    }
}

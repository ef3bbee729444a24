import Synchronization

/// Byte-level BPE (Sennrich et al. 2016; Radford et al. 2019): a word starts as its bytes' tokens, and the adjacent pair of
/// the lowest rank is merged, leftmost first, until no pair of the table is left.
///
/// A byte without a token becomes the unknown token, or nothing where there is none, as in the Rust library.
final class BytePairEncoder: Sendable {
    private let byteIDs: [Int32]
    private let unknown: Int32?
    /// (left, right) -> (rank, merged).
    private let merges: PairTable
    /// With `ignore_merges`, words that are tokens themselves; empty without.
    private let wholeWords: [[UInt8]: Int32]

    private let cache = Mutex<[[UInt8]: [Int32]]>([:])
    private static let cachedWords = 1 << 15
    private static let longestCachedWord = 48
    /// From this length on, a heap finds the next pair; below, a scan is faster.
    private static let heapLength = 48

    init(byteIDs: [Int32], unknown: Int32?, merges: PairTable, wholeWords: [[UInt8]: Int32]) {
        self.byteIDs = byteIDs
        self.unknown = unknown
        self.merges = merges
        self.wholeWords = wholeWords
    }

    /// Appends the ids of one word (a piece between two cuts of the pre-tokenizer).
    func encode(_ word: UnsafeBufferPointer<UInt8>, into ids: inout [Int]) {
        guard word.count <= Self.longestCachedWord else {
            if !wholeWords.isEmpty, let id = wholeWords[Array(word)] { ids.append(Int(id)); return }
            for id in merge(symbols(word)) { ids.append(Int(id)) }
            return
        }
        let key = Array(word)
        if let known = cache.withLock({ $0[key] }) {
            for id in known { ids.append(Int(id)) }
            return
        }
        let new: [Int32]
        if !wholeWords.isEmpty, let id = wholeWords[key] { new = [id] } else { new = merge(symbols(word)) }
        cache.withLock { if $0.count < Self.cachedWords { $0[key] = new } }
        for id in new { ids.append(Int(id)) }
    }

    private func symbols(_ word: UnsafeBufferPointer<UInt8>) -> [Int32] {
        var symbols: [Int32] = []
        symbols.reserveCapacity(word.count)
        for byte in word {
            let id = byteIDs[Int(byte)]
            if id >= 0 { symbols.append(id) } else if let unknown { symbols.append(unknown) }
        }
        return symbols
    }

    func merge(_ symbols: [Int32]) -> [Int32] {
        symbols.count < Self.heapLength ? mergeByScan(symbols) : mergeByHeap(symbols)
    }

    func mergeByScan(_ word: [Int32]) -> [Int32] {
        var symbols = word
        while symbols.count > 1 {
            var best: (rank: Int32, index: Int, merged: Int32)?
            for index in 0..<symbols.count - 1 {
                guard let (rank, merged) = merges[symbols[index], symbols[index + 1]] else { continue }
                if best.map({ rank < $0.rank }) ?? true { best = (rank, index, merged) }
            }
            guard let best else { break }
            symbols[best.index] = best.merged
            symbols.remove(at: best.index + 1)
        }
        return symbols
    }

    /// The same in O(n log n): a linked list of symbols, and a heap of candidate pairs keyed by rank, then position.
    func mergeByHeap(_ word: [Int32]) -> [Int32] {
        var symbols = word
        var next = (0..<word.count).map { Int32($0 + 1) }
        var previous = (0..<word.count).map { Int32($0 - 1) }
        var heap = MinimumHeap()
        func push(_ left: Int, _ right: Int) {
            guard let (rank, _) = merges[symbols[left], symbols[right]] else { return }
            heap.insert(UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(left))
        }
        for index in 0..<max(word.count - 1, 0) { push(index, index + 1) }
        while let candidate = heap.removeMinimum() {
            let left = Int(candidate & 0xFFFF_FFFF), right = Int(next[left])
            // A pair that is no longer there: one of its symbols has been merged meanwhile.
            guard symbols[left] >= 0, right < symbols.count, let (rank, merged) = merges[symbols[left], symbols[right]],
                UInt64(UInt32(bitPattern: rank)) == candidate >> 32
            else { continue }
            symbols[left] = merged
            symbols[right] = -1
            next[left] = next[right]
            if next[left] < symbols.count { previous[Int(next[left])] = Int32(left) }
            if previous[left] >= 0 { push(Int(previous[left]), left) }
            if next[left] < symbols.count { push(left, Int(next[left])) }
        }
        return symbols.filter { $0 >= 0 }
    }
}

/// A binary heap of 64-bit keys, smallest first.
struct MinimumHeap {
    private var keys: [UInt64] = []

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

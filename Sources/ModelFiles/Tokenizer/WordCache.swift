import Foundation

/// Words and their ids, as many as fit: two places for each hash; the newer word takes the first.
final class WordCache {
    private struct Slot {
        /// The first and last eight bytes of the word (of a short one, fewer), which overlap: with the length, all of
        /// up to 16.
        var low: UInt64 = 0
        var high: UInt64 = 0
        /// 0 for none.
        var length: UInt16 = 0
        var count: UInt16 = 0
        /// Up to three ids of a word of up to 16 bytes; else where in `ids` they are, and where in `bytes` the word is.
        var values: (Int32, Int32, Int32) = (0, 0, 0)

        var isInline: Bool { length <= 16 && count <= 3 }
    }

    private static let sets = 1 << 15
    private static let longestWord = 64
    private static let mostIDs = 64
    private static let room = 1 << 20

    private let slots: UnsafeMutablePointer<Slot>
    private let seed = HashSeed.value
    private var ids: [Int32] = []
    private var bytes: [UInt8] = []

    init() {
        slots = .allocate(capacity: Self.sets * 2)
        slots.initialize(repeating: Slot(), count: Self.sets * 2)
    }

    deinit { slots.deallocate() }

    @inline(__always) private static func key(_ word: UnsafeBufferPointer<UInt8>) -> (low: UInt64, high: UInt64) {
        let start = UnsafeRawPointer(word.baseAddress!), count = word.count
        if count >= 8 {
            return (start.loadUnaligned(as: UInt64.self), (start + (count - 8)).loadUnaligned(as: UInt64.self))
        }
        if count >= 4 {
            return (
                UInt64(start.loadUnaligned(as: UInt32.self)),
                UInt64((start + (count - 4)).loadUnaligned(as: UInt32.self))
            )
        }
        return (UInt64(word[0]) | UInt64(word[count / 2]) << 8 | UInt64(word[count - 1]) << 16, 0)
    }

    @inline(__always) private func set(_ key: (low: UInt64, high: UInt64), _ length: Int) -> UnsafeMutablePointer<Slot>
    {
        let product = (key.low ^ seed).multipliedFullWidth(by: key.high &+ UInt64(length) &* 0x9E37_79B9_7F4A_7C15 | 1)
        let hash = product.high ^ product.low
        return slots + Int(truncatingIfNeeded: (hash ^ hash >> 32) & UInt64(Self.sets - 1)) * 2
    }

    /// Appends the ids of a word that is known, or returns false.
    @inline(__always) func append(_ word: UnsafeBufferPointer<UInt8>, to result: inout [Int]) -> Bool {
        guard word.count <= Self.longestWord, !word.isEmpty else { return false }
        let key = Self.key(word), set = set(key, word.count)
        for way in 0..<2 where matches(set + way, key, word) {
            let slot = set + way
            guard slot.pointee.isInline else {
                let start = Int(slot.pointee.values.0)
                for index in start..<start + Int(slot.pointee.count) { result.append(Int(ids[index])) }
                return true
            }
            let (a, b, c) = slot.pointee.values
            let count = slot.pointee.count
            if count > 0 { result.append(Int(a)) }
            if count > 1 { result.append(Int(b)) }
            if count > 2 { result.append(Int(c)) }
            return true
        }
        return false
    }

    @inline(__always) private func matches(
        _ slot: UnsafeMutablePointer<Slot>,
        _ key: (low: UInt64, high: UInt64),
        _ word: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard slot.pointee.low == key.low, slot.pointee.high == key.high, Int(slot.pointee.length) == word.count else {
            return false
        }
        if word.count <= 16 { return true }
        return bytes.withUnsafeBufferPointer {
            memcmp($0.baseAddress! + Int(slot.pointee.values.1), word.baseAddress!, word.count) == 0
        }
    }

    func insert(_ word: UnsafeBufferPointer<UInt8>, _ new: UnsafeBufferPointer<Int32>) {
        guard word.count <= Self.longestWord, !word.isEmpty, new.count <= Self.mostIDs else { return }
        let key = Self.key(word), set = set(key, word.count)
        var slot = Slot(low: key.low, high: key.high, length: UInt16(word.count), count: UInt16(new.count))
        if slot.isInline {
            slot.values = (new.count > 0 ? new[0] : 0, new.count > 1 ? new[1] : 0, new.count > 2 ? new[2] : 0)
        } else {
            if ids.count + new.count > Self.room || bytes.count + word.count > Self.room { forgetAll() }
            slot.values = (Int32(ids.count), Int32(bytes.count), 0)
            ids.append(contentsOf: new)
            if word.count > 16 { bytes.append(contentsOf: word) }
        }
        set[1] = set[0]
        set[0] = slot
    }

    private func forgetAll() {
        slots.update(repeating: Slot(), count: Self.sets * 2)
        ids.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }
}

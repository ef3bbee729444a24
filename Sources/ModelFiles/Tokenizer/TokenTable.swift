import Foundation

/// A hash table from tokens, byte by byte, to their ids: open addressing over one stretch of memory.
struct TokenTable: Sendable {
    private var bytes: [UInt8] = []
    /// Token i is `bytes[ends[i - 1]..<ends[i]]`.
    private var ends: [Int] = []
    private var ids: [Int32] = []
    /// Places in `ids`, or -1; at most half of them taken.
    private var slots: [Int32]

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [Int32](repeating: -1, count: size)
        ends.reserveCapacity(capacity)
        ids.reserveCapacity(capacity)
    }

    var count: Int { ids.count }

    /// False, and nothing changed, where the token is there already.
    mutating func insert(_ token: UnsafeBufferPointer<UInt8>, _ id: Int32) -> Bool {
        let free = slot(of: token)
        guard slots[free] < 0 else { return false }
        slots[free] = Int32(ids.count)
        bytes.append(contentsOf: token)
        ends.append(bytes.count)
        ids.append(id)
        if ids.count * 2 > slots.count { grow() }
        return true
    }

    @inline(__always) subscript(token: UnsafeBufferPointer<UInt8>) -> Int32? {
        let place = slots[slot(of: token)]
        return place < 0 ? nil : ids[Int(place)]
    }

    subscript(token: [UInt8]) -> Int32? { token.withUnsafeBufferPointer { self[$0] } }

    func forEach(_ body: (UnsafeBufferPointer<UInt8>, Int32) -> Void) {
        bytes.withUnsafeBufferPointer { bytes in
            for (place, id) in ids.enumerated() { body(UnsafeBufferPointer(rebasing: bytes[range(place)]), id) }
        }
    }

    private func range(_ place: Int) -> Range<Int> { (place == 0 ? 0 : ends[place - 1])..<ends[place] }

    private func slot(of token: UnsafeBufferPointer<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: token.hash) & mask
        return bytes.withUnsafeBufferPointer { bytes in
            while slots[slot] >= 0 {
                let known = range(Int(slots[slot]))
                if known.count == token.count,
                    token.isEmpty || memcmp(bytes.baseAddress! + known.lowerBound, token.baseAddress!, token.count) == 0
                {
                    break
                }
                slot = (slot + 1) & mask
            }
            return slot
        }
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        let mask = slots.count - 1
        bytes.withUnsafeBufferPointer { bytes in
            for place in ids.indices {
                var slot = Int(truncatingIfNeeded: UnsafeBufferPointer(rebasing: bytes[range(place)]).hash) & mask
                while slots[slot] >= 0 { slot = (slot + 1) & mask }
                slots[slot] = Int32(place)
            }
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Seeded, eight bytes at a time.
    var hash: UInt64 {
        var hash = HashSeed.value ^ UInt64(count)
        var index = 0
        while index + 8 <= count {
            hash = (hash ^ UnsafeRawPointer(baseAddress! + index).loadUnaligned(as: UInt64.self)).mixed
            index += 8
        }
        var rest: UInt64 = 0
        while index < count {
            rest = rest << 8 | UInt64(self[index])
            index += 1
        }
        return (hash ^ rest).mixed
    }
}

/// A fixed block of 16-bit numbers (bf16), aligned to a cache line, zero at birth; shared as `FloatBuffer` is.
final class HalfBuffer: @unchecked Sendable {
    let count: Int
    let pointer: UnsafeMutablePointer<UInt16>
    private let block: FloatBuffer

    init(count: Int) {
        self.count = count
        block = FloatBuffer(count: (count + 1) / 2)
        pointer = UnsafeMutableRawPointer(block.pointer).bindMemory(to: UInt16.self, capacity: block.count * 2)
    }
}

/// Numbers rounded to bf16, in memory that grows to the most there have been.
final class GrowingHalves: @unchecked Sendable {
    private var buffer = HalfBuffer(count: 0)

    /// Valid until the next call.
    func rounding(_ x: UnsafePointer<Float>, _ count: Int) -> UnsafePointer<UInt16> {
        let halves = room(count)
        BFloat16.convert(x, count, into: halves)
        return UnsafePointer(halves)
    }

    /// For so many numbers; what was there may be gone.
    func room(_ count: Int) -> UnsafeMutablePointer<UInt16> {
        if buffer.count < count { buffer = HalfBuffer(count: count) }
        return buffer.pointer
    }
}

/// A fixed block of words of two 16-bit numbers each, aligned and zero at birth in the same way.
final class PairBuffer: @unchecked Sendable {
    let count: Int
    let pointer: UnsafeMutablePointer<UInt32>
    private let block: FloatBuffer

    init(count: Int) {
        self.count = count
        block = FloatBuffer(count: count)
        pointer = UnsafeMutableRawPointer(block.pointer).bindMemory(to: UInt32.self, capacity: block.count)
    }
}

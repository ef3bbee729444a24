import ModelFiles

/// Keys and values of the sequences being decoded, each sequence in a slot of its own length.
///
/// Keys lie in blocks of 16 positions, transposed (lane = position), so that 16 scores are D fused multiply-adds
/// without a horizontal sum; values lie by position. `@unchecked Sendable`: threads that share one write different
/// rows, and read only after a barrier.
final class KeyValueCache: @unchecked Sendable {
    let precision: Precision
    private let layers: Int
    private let heads: Int
    private let dimension: Int
    private let slots: UnsafeMutableBufferPointer<Slot>

    private struct Slot {
        var buffer: FloatBuffer?
        /// Layers x heads x length x D keys, followed by as many values.
        var keys: UnsafeMutableRawPointer
        var values: UnsafeMutableRawPointer
        var length = 0
    }

    init(_ c: ModelConfiguration, slots count: Int, precision: Precision) {
        self.precision = precision
        layers = c.layerCount
        heads = c.keyValueHeadCount
        dimension = c.headDimension
        slots = .allocate(capacity: count)
        let nowhere = UnsafeMutableRawPointer(bitPattern: 64)!
        slots.initialize(repeating: Slot(keys: nowhere, values: nowhere))
    }

    deinit {
        slots.deinitialize()
        slots.deallocate()
    }

    var slotCount: Int { slots.count }
    /// Bytes of all open slots.
    var bytes: Int { slots.reduce(0) { $0 + 2 * layers * heads * dimension * $1.length * precision.bytes } }

    /// Bytes of a sequence of so many tokens.
    static func bytes(_ c: ModelConfiguration, length: Int, precision: Precision) -> Int {
        2 * precision.bytes * c.layerCount * c.keyValueWidth * roundUp(length)
    }

    private static func roundUp(_ length: Int) -> Int { (length + 15) / 16 * 16 }

    /// Makes room for a sequence of `length` tokens. Memory is taken as it fills.
    func open(slot: Int, length: Int) {
        let length = Self.roundUp(length)
        guard slots[slot].length < length else { return }
        let bytes = layers * heads * dimension * length * precision.bytes
        let buffer = FloatBuffer(count: (2 * bytes + 3) / 4 + 16)
        let keys = UnsafeMutableRawPointer(buffer.pointer)
        slots[slot] = Slot(buffer: buffer, keys: keys, values: keys + bytes, length: length)
    }

    /// Gives a slot's memory back.
    func close(slot: Int) { slots[slot] = Slot(buffer: nil, keys: slots[slot].keys, values: slots[slot].values) }

    /// Bytes before one head's keys (and values).
    @inline(__always) private func base(_ length: Int, _ layer: Int, _ head: Int) -> Int {
        (layer * heads + head) * dimension * length * precision.bytes
    }

    /// Stores one token's keys and values (kvHeads x D each).
    @inline(__always) func write(
        slot: Int,
        layer: Int,
        position: Int,
        keys k: UnsafePointer<Float>,
        values v: UnsafePointer<Float>
    ) {
        switch precision {
        case .fp32: write(SingleCache.self, slot, layer, position, k, v)
        case .bf16: write(HalfCache.self, slot, layer, position, k, v)
        }
    }

    @inline(__always) private func write<Format: CacheFormat>(
        _: Format.Type,
        _ slot: Int,
        _ layer: Int,
        _ position: Int,
        _ k: UnsafePointer<Float>,
        _ v: UnsafePointer<Float>
    ) {
        let d = dimension, length = slots[slot].length, keys = slots[slot].keys, values = slots[slot].values
        for head in 0..<heads {
            let start = base(length, layer, head)
            let key = keys + start + (position / 16 * 16 * d + position % 16) * Format.size
            for i in 0..<d { Format.store(k[head * d + i], at: key + i * 16 * Format.size) }
            let value = values + start + position * d * Format.size
            for i in 0..<d { Format.store(v[head * d + i], at: value + i * Format.size) }
        }
    }

    /// Attention of the query heads of one key-value head; arguments as in `CachedAttention`.
    @inline(__always) func attend(
        _ attention: CachedAttention,
        slot: Int,
        layer: Int,
        head: Int,
        positions: ClosedRange<Int>,
        queries: UnsafePointer<Float>,
        count: Int,
        scores: UnsafeMutablePointer<Float>,
        stride: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        let start = base(slots[slot].length, layer, head)
        let keys = UnsafeRawPointer(slots[slot].keys + start), values = UnsafeRawPointer(slots[slot].values + start)
        switch precision {
        case .fp32:
            attention.run(
                SingleCache.self,
                keys: keys,
                values: values,
                positions: positions,
                queries: queries,
                count: count,
                scores: scores,
                stride: stride,
                into: out
            )
        case .bf16:
            attention.run(
                HalfCache.self,
                keys: keys,
                values: values,
                positions: positions,
                queries: queries,
                count: count,
                scores: scores,
                stride: stride,
                into: out
            )
        }
    }

    /// Gives another slot the first `count` tokens of this one: samples share the prefill of their prompt.
    func copy(from source: Int, to target: Int, count: Int) {
        let from = slots[source], to = slots[target], token = dimension * precision.bytes
        for layer in 0..<layers {
            for head in 0..<heads {
                let a = base(from.length, layer, head), b = base(to.length, layer, head)
                (to.keys + b).copyMemory(from: from.keys + a, byteCount: (count + 15) / 16 * 16 * token)
                (to.values + b).copyMemory(from: from.values + a, byteCount: count * token)
            }
        }
    }
}

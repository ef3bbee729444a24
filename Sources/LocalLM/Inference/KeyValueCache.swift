import ModelFiles

/// Keys and values of the sequences being decoded, each sequence in a slot of its own length.
///
/// A sequence may begin with a prefix that others begin with too: its first tokens then lie in memory that they share
/// (`KeyValuePrefix`), and its slot holds what follows. `@unchecked Sendable`: threads that share one write different
/// rows, and read only after a barrier.
final class KeyValueCache: @unchecked Sendable {
    let precision: Precision
    private let layers: Int
    private let heads: Int
    private let dimension: Int
    /// Numbers that a head's key or value takes, the padding included.
    private let width: Int
    /// Positions come in whole blocks.
    static let block = 32
    private let slots: UnsafeMutableBufferPointer<Slot>

    private struct Slot {
        /// Keeps `shared` alive.
        var prefix: KeyValuePrefix?
        var shared: KeyValueMemory
        /// Keeps `own` alive.
        var buffer: FloatBuffer?
        var own: KeyValueMemory
        /// Tokens in `shared`: whole blocks.
        var start = 0
        /// Tokens that its memory may hold something of, from sequences before.
        var used = 0
    }

    init(_ c: ModelConfiguration, slots count: Int, precision: Precision) {
        self.precision = precision
        layers = c.layerCount
        heads = c.keyValueHeadCount
        dimension = c.headDimension
        width = Self.width(c, precision)
        slots = .allocate(capacity: count)
        slots.initialize(repeating: Slot(shared: .nowhere, own: .nowhere))
    }

    deinit {
        slots.deinitialize()
        slots.deallocate()
    }

    var slotCount: Int { slots.count }
    /// Bytes of all open slots.
    var bytes: Int { slots.reduce(0) { $0 + 2 * layers * heads * width * $1.own.length * precision.bytes } }
    /// How many prefixes the sequences begin with.
    var prefixCount: Int { Set(slots.lazy.compactMap { $0.prefix.map(ObjectIdentifier.init) }).count }

    /// Bytes of a sequence of so many tokens.
    /// - Parameter shared: how many of them lie in a prefix.
    static func bytes(_ c: ModelConfiguration, length: Int, shared: Int = 0, precision: Precision) -> Int {
        2 * precision.bytes * c.layerCount * c.keyValueHeadCount * width(c, precision)
            * roundUp(length - wholeBlocks(shared))
    }

    private static func width(_ c: ModelConfiguration, _ precision: Precision) -> Int {
        precision == .bf16 ? PairCache.width(c.headDimension) : SingleCache.width(c.headDimension)
    }

    private static func roundUp(_ length: Int) -> Int { (length + block - 1) / block * block }
    private static func wholeBlocks(_ length: Int) -> Int { length / block * block }

    /// Makes room for a sequence of `length` tokens. Memory is taken as it fills.
    /// - Parameter prefix: what it begins with: those tokens are there already.
    func open(slot: Int, length: Int, prefix: KeyValuePrefix? = nil) {
        let start = Self.wholeBlocks(prefix?.count ?? 0), length = Self.roundUp(length - start)
        slots[slot].prefix = prefix
        slots[slot].shared = prefix?.memory ?? .nowhere
        slots[slot].start = start
        if slots[slot].own.length < length {
            let bytes = layers * heads * width * length * precision.bytes
            let buffer = FloatBuffer(count: (2 * bytes + 3) / 4 + 16)
            let keys = UnsafeMutableRawPointer(buffer.pointer)
            slots[slot].buffer = buffer
            slots[slot].own = KeyValueMemory(keys: keys, values: keys + bytes, length: length)
        } else {
            clearValues(slots[slot].own, 0..<slots[slot].used)
        }
        slots[slot].used = length
        // A block has one owner: what the prefix has beyond its last whole block is copied.
        if let prefix, prefix.count > start {
            copy(prefix.memory, from: start, to: slots[slot].own, count: prefix.count - start)
        }
    }

    /// Leaves a prefix to others; the slot's memory stays for its next sequence.
    func leave(slot: Int) { slots[slot].prefix = nil }

    /// Gives a slot's memory back.
    func close(slot: Int) { slots[slot] = Slot(shared: .nowhere, own: .nowhere) }

    /// Makes a prefix of the `count` tokens in a slot, which has no memory then.
    func prefix(slot: Int, count: Int) -> KeyValuePrefix {
        defer { close(slot: slot) }
        return KeyValuePrefix(count: count, memory: slots[slot].own, buffer: slots[slot].buffer!)
    }

    /// Bytes before one head's keys (and values).
    @inline(__always) private func base(_ length: Int, _ layer: Int, _ head: Int) -> Int {
        (layer * heads + head) * width * length * precision.bytes
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
        case .bf16: write(PairCache.self, slot, layer, position, k, v)
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
        let d = dimension, memory = slots[slot].own, place = position - slots[slot].start
        for head in 0..<heads {
            let start = base(memory.length, layer, head), key = memory.keys + start, value = memory.values + start
            for i in 0..<d {
                Format.store(k[head * d + i], at: key + Format.key(i, at: place, dimension: d))
                Format.store(
                    v[head * d + i],
                    at: value + Format.value(i, at: place, dimension: d, length: memory.length)
                )
            }
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
        let runs = runs(slot: slot, layer: layer, head: head, positions: positions)
        switch precision {
        case .fp32:
            attention.run(
                SingleCache.self,
                runs: runs,
                queries: queries,
                count: count,
                scores: scores,
                stride: stride,
                into: out
            )
        case .bf16:
            attention.run(
                PairCache.self,
                runs: runs,
                queries: queries,
                count: count,
                scores: scores,
                stride: stride,
                into: out
            )
        }
    }

    /// Where these positions of a sequence lie.
    @inline(__always) func runs(
        slot: Int,
        layer: Int,
        head: Int,
        positions: ClosedRange<Int>
    ) -> InlineArray<2, CachedRun> {
        let first = positions.lowerBound, end = positions.upperBound + 1, split = slots[slot].start
        return [
            run(slots[slot].shared, layer, head, 0, min(first, split)..<split),
            run(slots[slot].own, layer, head, split, max(first, split) - split..<end - split),
        ]
    }

    @inline(__always) private func run(
        _ memory: KeyValueMemory,
        _ layer: Int,
        _ head: Int,
        _ start: Int,
        _ positions: Range<Int>
    ) -> CachedRun {
        let base = base(memory.length, layer, head)
        return CachedRun(
            keys: UnsafeRawPointer(memory.keys + base),
            values: UnsafeRawPointer(memory.values + base),
            length: memory.length,
            start: start,
            positions: positions
        )
    }

    /// Gives another slot the first `count` tokens of this one, which begins with the same prefix: samples share the
    /// prefill of their prompt.
    func copy(from source: Int, to target: Int, count: Int) {
        copy(slots[source].own, from: 0, to: slots[target].own, count: count - slots[source].start)
    }

    /// - Parameter first: token to begin with, of a whole block.
    private func copy(_ from: KeyValueMemory, from first: Int, to: KeyValueMemory, count: Int) {
        let blocks = Self.roundUp(count), key = width * precision.bytes, value = panelWidth * precision.bytes
        for layer in 0..<layers {
            for head in 0..<heads {
                let a = base(from.length, layer, head), b = base(to.length, layer, head)
                (to.keys + b).copyMemory(from: from.keys + a + first * key, byteCount: blocks * key)
                for panel in 0..<width / panelWidth {
                    let a = a + (panel * from.length + first) * value, b = b + panel * to.length * value
                    (to.values + b).copyMemory(from: from.values + a, byteCount: blocks * value)
                }
            }
        }
        clearValues(to, count..<blocks)
    }

    /// Numbers of values that lie side by side.
    private var panelWidth: Int { precision == .bf16 ? Panels.width : width }

    /// Values that bf16 sums multiply by 0 have to be numbers.
    private func clearValues(_ memory: KeyValueMemory, _ positions: Range<Int>) {
        guard precision == .bf16 else { return }
        let row = 2 * Panels.width * precision.bytes  // of two positions
        for part in 0..<layers * heads * width / Panels.width {
            let panel = memory.values + part * memory.length / 2 * row
            if positions.lowerBound % 2 == 1, !positions.isEmpty {
                let words = (panel + positions.lowerBound / 2 * row).assumingMemoryBound(to: UInt32.self)
                for j in 0..<Panels.width { words[j] &= 0xFFFF }
            }
            let whole = (positions.lowerBound + 1) / 2..<(positions.upperBound + 1) / 2
            (panel + whole.lowerBound * row).initializeMemory(as: UInt8.self, repeating: 0, count: whole.count * row)
        }
    }
}

/// Keys and values of some tokens that many sequences begin with: computed once, then only read.
final class KeyValuePrefix: @unchecked Sendable {
    /// Tokens.
    let count: Int
    fileprivate let memory: KeyValueMemory
    private let buffer: FloatBuffer

    fileprivate init(count: Int, memory: KeyValueMemory, buffer: FloatBuffer) {
        self.count = count
        self.memory = memory
        self.buffer = buffer
    }
}

/// Layers x heads x length x width keys, followed by as many values; see `CacheFormat`.
private struct KeyValueMemory {
    var keys: UnsafeMutableRawPointer
    var values: UnsafeMutableRawPointer
    /// Tokens that there is room for: whole blocks.
    var length: Int

    static var nowhere: KeyValueMemory {
        let nowhere = UnsafeMutableRawPointer(bitPattern: 64)!
        return KeyValueMemory(keys: nowhere, values: nowhere, length: 0)
    }
}

import CSIMD

/// How the keys and values of one head lie in a cache, and how sixteen numbers of them are read.
///
/// Keys lie in blocks of positions, the positions side by side, so that sixteen scores are D multiply-adds without a
/// horizontal sum. There is room for a multiple of `block` positions.
protocol CacheFormat {
    /// Bytes of a number.
    static var size: Int { get }
    /// Numbers that a position takes, the padding included.
    static func width(_ dimension: Int) -> Int
    /// Bytes before number `i` of the key at a position.
    static func key(_ i: Int, at position: Int, dimension: Int) -> Int
    /// Bytes before number `i` of the value at a position, of `length` that there is room for.
    static func value(_ i: Int, at position: Int, dimension: Int, length: Int) -> Int
    static func store(_ value: Float, at to: UnsafeMutableRawPointer)
    /// Numbers `i`, which is even, and `i` + 1 of sixteen keys that begin at `keys`.
    static func pair(_ i: Int, of keys: UnsafeRawPointer) -> (even: Vector, odd: Vector)
    /// Sixteen neighbouring numbers of the value at a position; its first is at `value`.
    static func load(_ value: UnsafeRawPointer, at position: Int) -> Vector
}

/// Fp32: blocks of 16 keys, each D x 16; values by position, row after row.
enum SingleCache: CacheFormat {
    static var size: Int { 4 }
    @inline(__always) static func width(_ d: Int) -> Int { d }
    @inline(__always) static func key(_ i: Int, at position: Int, dimension d: Int) -> Int {
        4 * (position / 16 * 16 * d + 16 * i + position % 16)
    }
    @inline(__always) static func value(_ i: Int, at position: Int, dimension d: Int, length: Int) -> Int {
        4 * (position * d + i)
    }
    @inline(__always) static func store(_ value: Float, at to: UnsafeMutableRawPointer) {
        to.storeBytes(of: value, as: Float.self)
    }
    @inline(__always) static func pair(_ i: Int, of keys: UnsafeRawPointer) -> (even: Vector, odd: Vector) {
        (load(keys + 64 * i, at: 0), load(keys + 64 * i + 64, at: 0))
    }
    @inline(__always) static func load(_ value: UnsafeRawPointer, at position: Int) -> Vector {
        value.loadUnaligned(as: Vector.self)
    }
}

/// Bf16, in panels of pairs (`PairPanels`), so that scores and sums are `PairProduct`s: of keys 32 positions are the
/// columns and the pairs run along D; of values D are the columns and the pairs run along the positions.
enum PairCache: CacheFormat {
    static var size: Int { 2 }
    @inline(__always) static func width(_ d: Int) -> Int { PairPanels.depth(d) }
    @inline(__always) static func key(_ i: Int, at position: Int, dimension d: Int) -> Int {
        position / 32 * 4 * PairPanels.words(depth: d) + i / 2 * 128 + position % 32 * 4 + i % 2 * 2
    }
    @inline(__always) static func value(_ i: Int, at position: Int, dimension: Int, length: Int) -> Int {
        i / 32 * 64 * length + position / 2 * 128 + i % 32 * 4 + position % 2 * 2
    }
    @inline(__always) static func store(_ value: Float, at to: UnsafeMutableRawPointer) {
        to.storeBytes(of: BFloat16.rounded(value), as: UInt16.self)
    }
    @inline(__always) static func pair(_ i: Int, of keys: UnsafeRawPointer) -> (even: Vector, odd: Vector) {
        let words = (keys + 64 * i).loadUnaligned(as: SIMD16<UInt32>.self)
        return (lower(words), upper(words))
    }
    @inline(__always) static func load(_ value: UnsafeRawPointer, at position: Int) -> Vector {
        // The upper half of a word begins two bytes after it.
        let words = (value - position % 2 * 2).loadUnaligned(as: SIMD16<UInt32>.self)
        return position % 2 == 0 ? lower(words) : upper(words)
    }
    @inline(__always) private static func lower(_ words: SIMD16<UInt32>) -> Vector {
        unsafeBitCast(words &<< SIMD16(repeating: 16), to: Vector.self)
    }
    @inline(__always) private static func upper(_ words: SIMD16<UInt32>) -> Vector {
        unsafeBitCast(words & SIMD16(repeating: 0xFFFF_0000), to: Vector.self)
    }
}

/// Some neighbouring positions of a sequence, whose keys and values lie in one piece of memory.
struct CachedRun {
    var keys: UnsafeRawPointer
    var values: UnsafeRawPointer
    /// Positions that there is room for.
    var length: Int
    /// The sequence's position that the piece begins with: a multiple of `KeyValueCache.block`.
    var start: Int
    /// Those that a token sees, counted from `start`.
    var positions: Range<Int>
}

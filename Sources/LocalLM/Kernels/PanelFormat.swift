import CSIMD

/// One vector register of floats: 8 lanes with AVX2, 16 with AVX-512. Two of them are a row of a panel.
protocol Register: SIMD<Float>, Sendable {
    func multiplied(by b: Self, plus c: Self) -> Self
    /// The lower and the upper halves of neighbouring 32-bit words, as bf16.
    static func widened(_ words: UnsafeRawPointer) -> (low: Self, high: Self)
}

extension SIMD8<Float>: Register {
    /// self * b + c.
    @inline(__always) func multiplied(by b: Self, plus c: Self) -> Self { csimd_fma8(self, b, c) }
    @inline(__always) static func widened(_ words: UnsafeRawPointer) -> (low: Self, high: Self) {
        let w = words.loadUnaligned(as: SIMD8<UInt32>.self)
        return (
            unsafeBitCast(w &<< SIMD8<UInt32>(repeating: 16), to: Self.self),
            unsafeBitCast(w & SIMD8<UInt32>(repeating: 0xFFFF_0000), to: Self.self)
        )
    }
}

extension SIMD16<Float>: Register {
    @inline(__always) static func widened(_ words: UnsafeRawPointer) -> (low: Self, high: Self) {
        let w = words.loadUnaligned(as: SIMD16<UInt32>.self)
        return (
            unsafeBitCast(w &<< SIMD16<UInt32>(repeating: 16), to: Self.self),
            unsafeBitCast(w & SIMD16<UInt32>(repeating: 0xFFFF_0000), to: Self.self)
        )
    }
}

/// How a row of a panel (`Panels.width` weights, two registers) lies in memory.
protocol PanelFormat {
    associatedtype Lanes: Register
    /// Bytes of one weight.
    static var size: Int { get }
    static func load(_ row: UnsafeRawPointer) -> (low: Lanes, high: Lanes)
}

extension PanelFormat {
    /// Bytes from row to row of a panel.
    @inline(__always) static var stride: Int { 2 * Lanes.scalarCount * size }
}

/// Floats, one after another.
enum SinglePanels<Lanes: Register>: PanelFormat {
    static var size: Int { 4 }
    @inline(__always) static func load(_ row: UnsafeRawPointer) -> (low: Lanes, high: Lanes) {
        (row.loadUnaligned(as: Lanes.self), row.loadUnaligned(fromByteOffset: Lanes.scalarCount * 4, as: Lanes.self))
    }
}

/// bf16 in pairs: column i in the lower half of a word, column i + width / 2 in its upper half, so that a shift and a
/// mask widen a whole row without any shuffle.
enum HalfPanels<Lanes: Register>: PanelFormat {
    static var size: Int { 2 }
    @inline(__always) static func load(_ row: UnsafeRawPointer) -> (low: Lanes, high: Lanes) { Lanes.widened(row) }
}

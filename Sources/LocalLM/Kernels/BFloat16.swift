import CTiles

/// The upper half of a Float: 8 bits of exponent, 7 of mantissa; rounded to the nearest, ties to even.
enum BFloat16 {
    /// A NaN stays one.
    @inline(__always) static func rounded(_ x: Float) -> UInt16 {
        let bits = x.bitPattern
        guard x == x else { return UInt16(bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }

    @inline(__always) static func widened(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// Whether rounding would change nothing.
    static func represents(_ x: UnsafePointer<Float>, _ count: Int) -> Bool {
        var rest: UInt32 = 0
        for i in 0..<count {
            rest |= x[i].bitPattern
            if i % 4096 == 0, rest & 0xFFFF != 0 { return false }
        }
        return rest & 0xFFFF == 0
    }

    /// Many at once, as operands of matrix products.
    @inline(__always) static func convert(_ x: UnsafePointer<Float>, _ count: Int, into y: UnsafeMutablePointer<UInt16>)
    { ctiles_round(x, count, y) }
}

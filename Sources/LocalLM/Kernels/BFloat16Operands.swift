/// Floats rounded to bf16 (8 bits of exponent, 7 of mantissa; to the nearest, ties to even) for matrix products.
enum BFloat16Operands {
    /// As floats.
    static func round(_ x: UnsafePointer<Float>, _ count: Int, into y: UnsafeMutablePointer<Float>) {
        var i = 0
        while i < count {
            let lanes = min(16, count - i)
            let bits = rounded(x.vector(i, lanes: lanes))
            y.store(unsafeBitCast(bits & SIMD16(repeating: 0xFFFF_0000), to: Vector.self), at: i, lanes: lanes)
            i += 16
        }
    }

    /// As their upper halves.
    static func convert(_ x: UnsafePointer<Float>, _ count: Int, into y: UnsafeMutablePointer<UInt16>) {
        var i = 0
        while i < count {
            let lanes = min(16, count - i)
            let halves = SIMD16<UInt16>(truncatingIfNeeded: rounded(x.vector(i, lanes: lanes)) &>> SIMD16(repeating: 16))
            if lanes == 16 {
                UnsafeMutableRawPointer(y + i).storeBytes(of: halves, as: SIMD16<UInt16>.self)
            } else {
                for lane in 0..<lanes { y[i + lane] = halves[lane] }
            }
            i += 16
        }
    }

    /// The rounded number in the upper half, something in the lower; a NaN stays one.
    @inline(__always) private static func rounded(_ x: Vector) -> SIMD16<UInt32> {
        let bits = unsafeBitCast(x, to: SIMD16<UInt32>.self)
        let odd = (bits &>> SIMD16(repeating: 16)) & SIMD16(repeating: 1)
        let up = bits &+ SIMD16(repeating: 0x7FFF) &+ odd
        return up.replacing(with: bits | SIMD16(repeating: 0x40_0000), where: x .!= x)
    }
}

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

    /// Whether none is infinite or NaN.
    static func areFinite(_ x: UnsafePointer<UInt16>, _ count: Int) -> Bool {
        var highest: UInt16 = 0
        for i in 0..<count { highest = max(highest, x[i] & 0x7FFF) }
        return highest < 0x7F80
    }

    /// Many at once, as operands of matrix products.
    @inline(__always) static func convert(
        _ x: UnsafePointer<Float>,
        _ count: Int,
        into y: UnsafeMutablePointer<UInt16>,
        kernels: TileKernels = .current
    ) { kernels.round(x, count, y) }

    /// Many at once, up or down at random, so that the mean is x (stochastic rounding: Gupta et al. 2015, arXiv
    /// 1502.02551). What bf16 has exactly stays.
    /// - Parameters:
    ///   - key: of the random numbers; with the index of a number it decides.
    ///   - index: of the first number.
    static func convertAtRandom(
        _ x: UnsafePointer<Float>,
        _ count: Int,
        key: UInt32,
        index: Int,
        into y: UnsafeMutablePointer<UInt16>,
        kernels: TileKernels = .current
    ) { kernels.roundAtRandom(x, count, key, UInt32(truncatingIfNeeded: index), y) }

    /// As floats.
    static func widen(_ x: UnsafePointer<UInt16>, _ count: Int, into y: UnsafeMutablePointer<Float>) {
        var i = 0
        while i + 16 <= count {
            let halves = UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<UInt16>.self)
            let bits = SIMD16<UInt32>(truncatingIfNeeded: halves) &<< SIMD16(repeating: 16)
            y.store(unsafeBitCast(bits, to: Vector.self), at: i, lanes: 16)
            i += 16
        }
        while i < count {
            y[i] = widened(x[i])
            i += 1
        }
    }
}

/// The upper half of a Float: 8 bits of exponent, 7 of mantissa.
enum BFloat16 {
    /// To the nearest, ties to even; a NaN stays one.
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
}

/// How numbers that are only read lie in memory. Products widen them in registers; arithmetic is fp32 whatever the storage.
public enum StoragePrecision: String, Sendable, Codable, CaseIterable {
    case fp32
    /// Rounded to the nearest, ties to even: half of the memory and of the traffic.
    case bf16

    var bytes: Int { self == .fp32 ? 4 : 2 }
}

/// Rows that a matrix multiplies, between the forward and the backward pass: fp32, or in bf16, rounded once, where they
/// are made.
enum ActivationRows {
    case single(UnsafeMutablePointer<Float>)
    case half(UnsafeMutablePointer<UInt16>)

    @inline(__always) func store(_ x: UnsafePointer<Float>, _ count: Int, at index: Int) {
        switch self {
        case .single(let y): (y + index).update(from: x, count: count)
        case .half(let y): BFloat16.convert(x, count, into: y + index)
        }
    }

    /// - Parameter scratch: `count` floats.
    @inline(__always) func dot(
        _ x: UnsafePointer<Float>,
        _ count: Int,
        at index: Int,
        scratch: UnsafeMutablePointer<Float>
    ) -> Float {
        switch self {
        case .single(let y): return VectorMath.dot(x, y + index, count)
        case .half(let y):
            BFloat16.widen(y + index, count, into: scratch)
            return VectorMath.dot(x, scratch, count)
        }
    }
}

extension FloatBuffer {
    /// The same memory as twice as many numbers of bf16.
    var halves: UnsafeMutablePointer<UInt16> { UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt16.self) }
}

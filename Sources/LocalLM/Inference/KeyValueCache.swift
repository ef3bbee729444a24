/// Keys and values of the sequences being decoded: `slots` sequences of up to `length` tokens.
///
/// Keys lie in blocks of 16 positions, transposed (lane = position), so that 16 scores are D fused multiply-adds without
/// a horizontal sum; values lie by position. One cache per worker; `@unchecked Sendable` for that reason.
final class KeyValueCache: @unchecked Sendable {
    let slots: Int
    let length: Int
    private let layers: Int
    private let heads: Int
    private let dimension: Int
    private let keys: FloatBuffer
    private let values: FloatBuffer

    init(_ c: ModelConfiguration, slots: Int, length: Int) {
        self.slots = slots
        self.length = (length + 15) / 16 * 16
        layers = c.layerCount
        heads = c.keyValueHeadCount
        dimension = c.headDimension
        keys = FloatBuffer(count: slots * c.layerCount * c.keyValueWidth * self.length)
        values = FloatBuffer(count: slots * c.layerCount * c.keyValueWidth * self.length)
    }

    /// Floats per slot of keys (and of values).
    private var slotSize: Int { layers * heads * dimension * length }

    static func bytes(_ c: ModelConfiguration, length: Int) -> Int { 2 * 4 * c.layerCount * c.keyValueWidth * ((length + 15) / 16 * 16) }

    @inline(__always) private func base(_ slot: Int, _ layer: Int, _ head: Int) -> Int {
        slot * slotSize + (layer * heads + head) * dimension * length
    }

    /// Stores one token's keys and values (kvHeads x D each).
    @inline(__always) func write(slot: Int, layer: Int, position: Int, keys k: UnsafePointer<Float>, values v: UnsafePointer<Float>) {
        for head in 0..<heads {
            let start = base(slot, layer, head)
            let keyBlock = keys.pointer + start + position / 16 * 16 * dimension + position % 16
            for d in 0..<dimension { keyBlock[d * 16] = k[head * dimension + d] }
            (values.pointer + start + position * dimension).update(from: v + head * dimension, count: dimension)
        }
    }

    /// out = softmax(scale q k^T) v of one query head over `positions`, with a softcap over cap tanh(scale q k^T / cap).
    @inline(__always) func attend(
        slot: Int, layer: Int, head: Int, positions: ClosedRange<Int>, query: UnsafePointer<Float>, scale: Float, softcap: Float?,
        scores: UnsafeMutablePointer<Float>, into out: UnsafeMutablePointer<Float>
    ) {
        let start = base(slot, layer, head), d = dimension
        let first = positions.lowerBound, count = positions.upperBound + 1
        var block = first / 16
        while block * 16 < count {
            let k = UnsafePointer(keys.pointer + start + block * 16 * d)
            var even = Vector.zero, odd = Vector.zero
            var i = 0
            while i + 2 <= d {
                even = k.vector(i * 16).multiplied(by: Vector(repeating: query[i]), plus: even)
                odd = k.vector(i * 16 + 16).multiplied(by: Vector(repeating: query[i + 1]), plus: odd)
                i += 2
            }
            if i < d { even = k.vector(i * 16).multiplied(by: Vector(repeating: query[i]), plus: even) }
            scores.store(even + odd, at: block * 16)
            block += 1
        }
        if let softcap { VectorMath.softcap(scores + first, count - first, cap: softcap, factor: scale) }
        _ = VectorMath.softmax(scores + first, count - first, scale: softcap == nil ? scale : 1)
        let v = UnsafePointer(values.pointer + start)
        var column = 0
        while column + 32 <= d {
            var low = Vector.zero, high = Vector.zero
            for j in first..<count {
                let p = Vector(repeating: scores[j]), row = v + j * d + column
                low = row.vector(0).multiplied(by: p, plus: low)
                high = row.vector(16).multiplied(by: p, plus: high)
            }
            out.store(low, at: column)
            out.store(high, at: column + 16)
            column += 32
        }
        while column + 16 <= d {
            var sum = Vector.zero
            for j in first..<count { sum = (v + j * d + column).vector(0).multiplied(by: Vector(repeating: scores[j]), plus: sum) }
            out.store(sum, at: column)
            column += 16
        }
        while column < d {
            var sum: Float = 0
            for j in first..<count { sum += v[j * d + column] * scores[j] }
            out[column] = sum
            column += 1
        }
    }

    /// Gives another slot the first `count` tokens of this one: samples share the prefill of their prompt.
    func copy(from source: Int, to target: Int, count: Int) {
        let blocks = (count + 15) / 16 * 16
        for layer in 0..<layers {
            for head in 0..<heads {
                let a = base(source, layer, head), b = base(target, layer, head)
                (keys.pointer + b).update(from: keys.pointer + a, count: blocks * dimension)
                (values.pointer + b).update(from: values.pointer + a, count: count * dimension)
            }
        }
    }
}

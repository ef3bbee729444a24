/// One row of a tile of scores, sixteen lanes at a time. What a query does not see becomes exactly 0.
///
/// Rows hold whole vectors up to `width`; the lanes that are seen are a range of them.
enum ScoreRow {
    /// The scores of sixteen keys: scaled, or scaled and capped.
    @inline(__always) private static func score(
        _ x: Vector,
        _ inner: Vector,
        _ outer: Vector,
        isCapped: Bool
    ) -> Vector { isCapped ? VectorMath.tanh(x * inner) * outer : x * inner }

    /// The lanes of the vector at `j` that lie in the range; others as `other` says.
    @inline(__always) private static func choose(
        _ x: Vector,
        _ seen: Range<Int>,
        at j: Int,
        other: Float
    ) -> Vector {
        let index = lanes &+ SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: j))
        let isSeen =
            (index .>= SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: seen.lowerBound)))
            .& (index .< SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: seen.upperBound)))
        return Vector(repeating: other).replacing(with: x, where: isSeen)
    }

    private static var lanes: SIMD16<Int32> { SIMD16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }

    /// A step of the online softmax: the row becomes exp(score - peak) under the new peak; `total` is the sum of all so
    /// far. Returns the factor of what was summed under the old peak.
    ///
    /// A row that sees nothing becomes 0 and changes nothing.
    @inline(__always) static func update(
        _ row: UnsafeMutablePointer<Float>,
        _ seen: Range<Int>,
        of width: Int,
        scale: Float,
        softcap: Float?,
        peak: inout Float,
        total: inout Float
    ) -> Float {
        guard !seen.isEmpty else {
            row.update(repeating: 0, count: width)
            return 1
        }
        let inner = Vector(repeating: softcap.map { scale / $0 } ?? scale), outer = Vector(repeating: softcap ?? 1)
        let isCapped = softcap != nil
        let start = seen.lowerBound / 16 * 16, end = (seen.upperBound + 15) / 16 * 16
        var peaks = Vector(repeating: -.infinity)
        var j = start
        while j < end {
            var x = score(row.vector(j), inner, outer, isCapped: isCapped)
            if j < seen.lowerBound || j + 16 > seen.upperBound { x = choose(x, seen, at: j, other: -.infinity) }
            row.store(x, at: j)
            peaks = peaks.maximum(x)
            j += 16
        }
        let old = peak
        peak = max(old, VectorMath.horizontalMaximum(peaks))
        let offset = Vector(repeating: peak)
        var sums = Vector.zero
        row.update(repeating: 0, count: start)
        j = start
        while j < end {
            var x = VectorMath.exp(row.vector(j) - offset)
            if j < seen.lowerBound || j + 16 > seen.upperBound { x = choose(x, seen, at: j, other: 0) }
            row.store(x, at: j)
            sums += x
            j += 16
        }
        (row + end).update(repeating: 0, count: max(0, width - end))
        let factor = old == peak ? 1 : old == -.infinity ? 0 : VectorMath.exp(Vector(repeating: old - peak))[0]
        total = total * factor + VectorMath.horizontalSum(sums)
        return factor
    }

    /// The scores become P = exp(score - log sum exp), dP becomes dS = P (dP - mean) scale, with a softcap times 1 -
    /// tanh^2.
    @inline(__always) static func gradient(
        _ row: UnsafeMutablePointer<Float>,
        _ d: UnsafeMutablePointer<Float>,
        _ seen: Range<Int>,
        of width: Int,
        scale: Float,
        softcap: Float?,
        logSumExp: Float,
        mean: Float
    ) {
        let inner = Vector(repeating: softcap.map { scale / $0 } ?? scale), outer = Vector(repeating: softcap ?? 1)
        let offset = Vector(repeating: logSumExp), minus = Vector(repeating: mean), factor = Vector(repeating: scale)
        let one = Vector(repeating: 1), isCapped = softcap != nil
        let start = seen.isEmpty ? width : seen.lowerBound / 16 * 16
        let end = seen.isEmpty ? width : (seen.upperBound + 15) / 16 * 16
        row.update(repeating: 0, count: start)
        d.update(repeating: 0, count: start)
        var j = start
        while j < end {
            var x = row.vector(j) * inner, slope = factor
            if isCapped {
                x = VectorMath.tanh(x)
                slope = slope * (one - x * x)
                x = x * outer
            }
            var p = VectorMath.exp(x - offset)
            var gradient = p * (d.vector(j) - minus) * slope
            if j < seen.lowerBound || j + 16 > seen.upperBound {
                p = choose(p, seen, at: j, other: 0)
                gradient = choose(gradient, seen, at: j, other: 0)
            }
            row.store(p, at: j)
            d.store(gradient, at: j)
            j += 16
        }
        let rest = max(0, width - end)
        (row + end).update(repeating: 0, count: rest)
        (d + end).update(repeating: 0, count: rest)
    }
}

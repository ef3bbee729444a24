/// A matrix in panels as `PairPanels` has them, but of bytes: 32 scales (fp32), one for each column of the panel, then
/// the numbers of `WeightFormat.int8` in the same order.
///
/// In fp32 arithmetic `PanelProduct` reads them. A product of bf16 widens a few panels at a time, which is exact, and
/// multiplies its sums with the scales. So its bits depend on neither the other rows nor the split of the columns, as
/// those of the other formats.
enum BytePanels {
    private static let scaleBytes = Panels.width * 4

    /// Bytes of one panel.
    static func bytes(depth k: Int) -> Int { scaleBytes + PairPanels.depth(k) * Panels.width }

    /// Panels that are widened at a time: half a megabyte, which stays in the second-level cache.
    private static func group(_ k: Int) -> Int { max(1, min(4, (1 << 17) / PairPanels.words(depth: k))) }

    /// - Parameter rows: `columns` rows of W, `k` floats each.
    static func pack(
        rows: UnsafePointer<Float>,
        depth k: Int,
        columns: Int,
        into panel: UnsafeMutableRawPointer
    ) {
        let scales = panel.assumingMemoryBound(to: Float.self)
        let numbers = (panel + scaleBytes).assumingMemoryBound(to: Int8.self)
        scales.update(repeating: 0, count: Panels.width)
        numbers.update(repeating: 0, count: PairPanels.depth(k) * Panels.width)
        for column in 0..<columns {
            let row = rows + column * k
            var peak: Float = 0
            for p in 0..<k { peak = max(peak, abs(row[p])) }
            // Numbers below the normal ones have no reciprocal.
            guard peak.isFinite, peak / 127 >= .leastNormalMagnitude else { continue }
            // The largest numbers of all would not come back.
            let scale = (peak / 127 * 127).isFinite ? peak / 127 : (peak / 127).nextDown
            scales[column] = scale
            for p in 0..<k {
                let q = (row[p] / scale).rounded(.toNearestOrEven)
                numbers[place(p, column)] = Int8(max(-127, min(127, q)))
            }
        }
    }

    /// Of a number within its panel.
    @inline(__always) private static func place(_ p: Int, _ column: Int) -> Int {
        p / 2 * 2 * Panels.width + 2 * column + p % 2
    }

    /// A column as floats.
    static func column(_ column: Int, of panel: UnsafeRawPointer, depth k: Int, into row: UnsafeMutablePointer<Float>) {
        let scale = panel.assumingMemoryBound(to: Float.self)[column]
        let numbers = (panel + scaleBytes).assumingMemoryBound(to: Int8.self)
        for p in 0..<k { row[p] = scale * Float(numbers[place(p, column)]) }
    }

    /// C = A B in bf16 for the columns of `count` panels that follow one another.
    /// - Parameter multiply: the product with some panels of bf16.
    @inline(__always) static func multiply(
        panels base: UnsafeRawPointer,
        count: Int,
        depth k: Int,
        rows: Int,
        into c: UnsafeMutablePointer<Float>,
        leading: Int,
        _ multiply: (_ panels: UnsafePointer<UInt32>, _ count: Int, _ c: UnsafeMutablePointer<Float>) -> Void
    ) {
        let words = PairPanels.words(depth: k), group = group(k), bytes = bytes(depth: k)
        withUnsafeTemporaryAllocation(byteCount: group * words * 4, alignment: 64) { scratch in
            let wide = scratch.baseAddress!
            for first in stride(from: 0, to: count, by: group) {
                let n = min(group, count - first), c = c + first * Panels.width
                for i in 0..<n {
                    TileKernels.current.widenBytes(
                        (base + (first + i) * bytes + scaleBytes).assumingMemoryBound(to: Int8.self),
                        2 * words,
                        (wide + i * words * 4).assumingMemoryBound(to: UInt16.self)
                    )
                }
                multiply(UnsafePointer(wide.assumingMemoryBound(to: UInt32.self)), n, c)
                for i in 0..<n {
                    let scales = (base + (first + i) * bytes).assumingMemoryBound(to: Float.self)
                    let low = scales.vector(0), high = scales.vector(16)
                    for r in 0..<rows {
                        let row = c + r * leading + i * Panels.width
                        row.store(row.vector(0) * low, at: 0)
                        row.store(row.vector(16) * high, at: 16)
                    }
                }
            }
        }
    }
}

/// softmax(scale q k^T) v of neighbouring tokens of one sequence over its cache, in bf16: the queries of some tokens,
/// of all heads that share keys and values, are stacked, so that their scores are one product with the panels of the
/// cache, and the sums of values another. Queries and probabilities are rounded to bf16; scores, softmax and sums are
/// fp32.
///
/// A token's bits do not depend on those that it is computed with: what it does not see counts as exactly 0 (where its
/// values are numbers), and sums run in blocks of positions that are counted from the sequence's beginning
/// (`PairProduct`).
struct PairAttention {
    let dimension: Int
    /// Query heads that share a key-value head.
    let group: Int
    let scale: Float
    /// The softmax is then over cap tanh(scale q k^T / cap).
    let softcap: Float?

    /// Scores that a worker has in memory at once, but for those of one token: a megabyte.
    private static let scores = 1 << 18
    /// Stacked rows, at most, where scores are few: six tiles of 16.
    private static let rows = 96

    /// Floats from row to row of the scores: not a power of two, whose columns would share a few sets of the cache.
    private func stride(_ length: Int) -> Int { PairPanels.depth(length) + 16 }
    private var width: Int { PairCache.width(dimension) }

    /// How many tokens go together where sequences are so long.
    func tokens(length: Int) -> Int { max(1, min(Self.rows, Self.scores / stride(length)) / group) }

    /// Floats of scratch for so many tokens of sequences of at most this length.
    func scratchCount(tokens: Int, length: Int) -> Int {
        let stride = stride(length)
        return tokens * group * (stride + stride / 2 + dimension / 2 + 1 + width) + 16
    }

    /// - Parameters:
    ///   - runs: what the last token sees, and the others of them, in order; positions before `window` ends are not
    ///     needed.
    ///   - position: of the first token.
    ///   - queries: of the first token and head; tokens are `leading` floats apart.
    ///   - window: how many positions a token sees, itself included; nil: all.
    ///   - out: rounded; tokens are `outLeading` apart.
    @inline(__always) func run(
        _ runs: InlineArray<2, CachedRun>,
        position: Int,
        tokens n: Int,
        queries: UnsafePointer<Float>,
        leading: Int,
        window: Int?,
        scratch: UnsafeMutablePointer<Float>,
        into out: UnsafeMutablePointer<UInt16>,
        leading outLeading: Int
    ) {
        let rows = n * group, d = dimension, end = position + n
        let first = (window.map { max(0, position - $0 + 1) } ?? 0) / 32 * 32
        let count = PairPanels.depth(end - first), stride = stride(end)
        let scores = scratch, sums = scores + rows * stride
        let weights = UnsafeMutableRawPointer(sums + rows * width).assumingMemoryBound(to: UInt16.self)
        let stacked = weights + rows * stride
        for head in 0..<group {
            for i in 0..<n { BFloat16.convert(queries + i * leading + head * d, d, into: stacked + (head * n + i) * d) }
        }
        let parts = parts(runs, from: first)
        for (run, range, column) in parts {
            PairProduct.multiply(
                rows: rows,
                columns: range.count,
                depth: d,
                stacked,
                leading: d,
                panels: (run.keys + PairCache.key(0, at: range.lowerBound, dimension: d))
                    .assumingMemoryBound(to: UInt32.self),
                scores + column,
                leading: stride,
                accumulate: false
            )
        }
        for r in 0..<rows {
            let row = scores + r * stride, last = position + r % n
            let from = (window.map { max(0, last - $0 + 1) } ?? 0) - first, to = last + 1 - first
            if let softcap { VectorMath.softcap(row + from, to - from, cap: softcap, factor: scale) }
            _ = VectorMath.softmax(row + from, to - from, scale: softcap == nil ? scale : 1)
            row.update(repeating: 0, count: from)
            (row + to).update(repeating: 0, count: count - to)
            BFloat16.convert(row, count, into: weights + r * stride)
        }
        for (index, (run, range, column)) in parts.enumerated() {
            PairProduct.multiply(
                rows: rows,
                columns: width,
                depth: range.count,
                weights + column,
                leading: stride,
                panels: (run.values + PairCache.value(0, at: range.lowerBound, dimension: d, length: run.length))
                    .assumingMemoryBound(to: UInt32.self),
                panelStride: 16 * run.length,
                sums,
                leading: width,
                accumulate: index > 0
            )
        }
        for head in 0..<group {
            for i in 0..<n { BFloat16.convert(sums + (head * n + i) * width, d, into: out + i * outLeading + head * d) }
        }
    }

    /// Of each piece of memory the positions that are needed, in whole blocks counted from its start, and the column of
    /// the first.
    private func parts(
        _ runs: InlineArray<2, CachedRun>,
        from first: Int
    ) -> [(run: CachedRun, range: Range<Int>, column: Int)] {
        (0..<2).compactMap { index in
            let run = runs[index], from = max(0, first - run.start), to = PairPanels.depth(run.positions.upperBound)
            return run.positions.isEmpty || from >= to ? nil : (run, from..<to, run.start + from - first)
        }
    }
}

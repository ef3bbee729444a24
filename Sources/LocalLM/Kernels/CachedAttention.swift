/// out = softmax(scale q k^T) v of the query heads that share a key-value head, over the positions that a token sees:
/// in fp32, token by token.
struct CachedAttention {
    let dimension: Int
    let scale: Float
    /// The softmax is then over cap tanh(scale q k^T / cap).
    let softcap: Float?

    /// - Parameters:
    ///   - runs: what the token sees, in order: what it shares with other sequences, which may be nothing, and what is
    ///     its own.
    ///   - queries, out: `count` x D.
    ///   - scores: `count` rows of `stride` floats, at least the positions rounded up to 16.
    @inline(__always) func run<Format: CacheFormat>(
        _: Format.Type,
        runs: InlineArray<2, CachedRun>,
        queries: UnsafePointer<Float>,
        count: Int,
        scores: UnsafeMutablePointer<Float>,
        stride: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        var q = 0
        while q < count {
            let mine = queries + q * dimension, to = out + q * dimension
            if count - q >= 3 {
                Together<3, Format>.run(self, runs, mine, scores, stride, to)
                q += 3
            } else if count - q == 2 {
                Together<2, Format>.run(self, runs, mine, scores, stride, to)
                q += 2
            } else {
                Together<1, Format>.run(self, runs, mine, scores, stride, to)
                q += 1
            }
        }
    }

    /// Some queries at once: each key and value is read once for all of them. A query's sums do not depend on the
    /// others.
    private struct Together<let queries: Int, Format: CacheFormat> {
        @inline(__always) static func run(
            _ attention: CachedAttention,
            _ runs: InlineArray<2, CachedRun>,
            _ query: UnsafePointer<Float>,
            _ scores: UnsafeMutablePointer<Float>,
            _ stride: Int,
            _ out: UnsafeMutablePointer<Float>
        ) {
            let shared = runs[unchecked: 0], own = runs[unchecked: 1]
            let first =
                shared.positions.isEmpty
                ? own.start + own.positions.lowerBound : shared.start + shared.positions.lowerBound
            let count = own.start + own.positions.upperBound
            for part in 0..<2 {
                let run = runs[unchecked: part]
                if run.positions.isEmpty { continue }
                let blocks = run.positions.lowerBound / 16..<(run.positions.upperBound + 15) / 16
                multiply(attention.dimension, run.keys, blocks, query, scores + run.start, stride)
            }
            for n in 0..<queries {
                let row = scores + n * stride + first
                if let softcap = attention.softcap {
                    VectorMath.softcap(row, count - first, cap: softcap, factor: attention.scale)
                }
                _ = VectorMath.softmax(row, count - first, scale: attention.softcap == nil ? attention.scale : 1)
            }
            sum(attention.dimension, runs, scores, stride, out)
        }

        /// scores = q k^T, sixteen positions at a time: no horizontal sums.
        @inline(__always) private static func multiply(
            _ d: Int,
            _ keys: UnsafeRawPointer,
            _ blocks: Range<Int>,
            _ query: UnsafePointer<Float>,
            _ scores: UnsafeMutablePointer<Float>,
            _ stride: Int
        ) {
            for block in blocks {
                let k = keys + Format.key(0, at: block * 16, dimension: d)
                var even = InlineArray<queries, Vector>(repeating: .zero),
                    odd = InlineArray<queries, Vector>(repeating: .zero)
                var i = 0
                while i + 2 <= d {
                    let (low, high) = Format.pair(i, of: k)
                    for n in 0..<queries {
                        even[unchecked: n] = low.multiplied(
                            by: Vector(repeating: query[n * d + i]),
                            plus: even[unchecked: n]
                        )
                        odd[unchecked: n] = high.multiplied(
                            by: Vector(repeating: query[n * d + i + 1]),
                            plus: odd[unchecked: n]
                        )
                    }
                    i += 2
                }
                if i < d {
                    let low = Format.pair(i, of: k).even
                    for n in 0..<queries {
                        even[unchecked: n] = low.multiplied(
                            by: Vector(repeating: query[n * d + i]),
                            plus: even[unchecked: n]
                        )
                    }
                }
                for n in 0..<queries {
                    (scores + n * stride).store(even[unchecked: n] + odd[unchecked: n], at: block * 16)
                }
            }
        }

        @inline(__always) private static func value(_ run: CachedRun, _ j: Int, _ column: Int, _ d: Int) -> Vector {
            Format.load(run.values + Format.value(column, at: j, dimension: d, length: run.length), at: j)
        }

        /// out = p v.
        @inline(__always) private static func sum(
            _ d: Int,
            _ runs: InlineArray<2, CachedRun>,
            _ scores: UnsafePointer<Float>,
            _ stride: Int,
            _ out: UnsafeMutablePointer<Float>
        ) {
            var column = 0
            while column + 32 <= d {
                var low = InlineArray<queries, Vector>(repeating: .zero),
                    high = InlineArray<queries, Vector>(repeating: .zero)
                for part in 0..<2 {
                    let run = runs[unchecked: part], p = scores + run.start
                    for j in run.positions {
                        let v0 = value(run, j, column, d), v1 = value(run, j, column + 16, d)
                        for n in 0..<queries {
                            let weight = Vector(repeating: p[n * stride + j])
                            low[unchecked: n] = v0.multiplied(by: weight, plus: low[unchecked: n])
                            high[unchecked: n] = v1.multiplied(by: weight, plus: high[unchecked: n])
                        }
                    }
                }
                for n in 0..<queries {
                    (out + n * d).store(low[unchecked: n], at: column)
                    (out + n * d).store(high[unchecked: n], at: column + 16)
                }
                column += 32
            }
            // What is left of the columns; whole vectors are safe to read, for a cache ends with sixteen numbers more.
            while column < d {
                var sums = InlineArray<queries, Vector>(repeating: .zero)
                for part in 0..<2 {
                    let run = runs[unchecked: part], p = scores + run.start
                    for j in run.positions {
                        let v = value(run, j, column, d)
                        for n in 0..<queries {
                            let weight = Vector(repeating: p[n * stride + j])
                            sums[unchecked: n] =
                                d - column >= 16
                                ? v.multiplied(by: weight, plus: sums[unchecked: n]) : sums[unchecked: n] + v * weight
                        }
                    }
                }
                for n in 0..<queries { (out + n * d).store(sums[unchecked: n], at: column, lanes: min(16, d - column)) }
                column += 16
            }
        }
    }
}

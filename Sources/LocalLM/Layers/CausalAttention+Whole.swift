/// Attention with whole rows of scores: the algorithm of sequences up to `CausalAttention.wholeLength`, and what the
/// tiles are tested against.
extension CausalAttention {
    /// The first token that token i sees.
    private func first(_ i: Int) -> Int { window.map { max(0, i - $0 + 1) } ?? 0 }
    /// The panel that it lies in.
    private func firstPanel(_ i: Int) -> Int { first(i) / Panels.width * Panels.width }

    /// Floats of scratch for a sequence: five packed operands; gradients of the scores of one head, its probabilities
    /// and capped scores.
    func wholeScratchCount(length: Int) -> Int {
        let t = Self.roundUp(length), d = Self.roundUp(headDimension)
        return 5 * t * d + (softcap == nil ? 2 : 3) * t * t
    }

    /// - Parameters:
    ///   - qkv: rows of one sequence, T x rowWidth, rotary positions applied.
    ///   - out: T x outputWidth.
    ///   - probabilities: heads x T x roundUp(T), overwritten, followed by the capped scores; nil: not kept,
    ///     `wholeBackward` makes them again.
    func wholeForward(
        _ qkv: UnsafePointer<Float>,
        length t: Int,
        into out: UnsafeMutablePointer<Float>,
        probabilities: UnsafeMutablePointer<Float>?,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let d = headDimension, tp = Self.roundUp(t), stride = rowWidth
        let keyPanels = scratch, valuePanels = scratch + tp * Self.roundUp(d)
        let own = scratch + 5 * tp * Self.roundUp(d)
        for kv in 0..<keyValueHeads {
            let k = qkv + (heads + kv) * d, v = qkv + (heads + keyValueHeads + kv) * d
            Panels.pack(columns: k, leading: stride, depth: d, columns: t, into: keyPanels)
            Panels.pack(rows: v, leading: stride, depth: t, columns: d, into: valuePanels)
            for head in (kv * group)..<((kv + 1) * group) {
                let p = probabilities.map { $0 + head * t * tp } ?? own
                let capped = probabilities.map { $0 + (heads + head) * t * tp } ?? own + tp * tp
                var i = 0
                while i < t {
                    let rows = min(Block.rows, t - i), start = firstPanel(i)
                    attend(rows: i..<i + rows, of: qkv + head * d, keys: keyPanels, length: t, into: p, capped: capped)
                    var column = 0
                    while column < d {
                        Block.multiply(
                            rows: rows,
                            columns: min(Panels.width, d - column),
                            depth: i + rows - start,
                            p + i * tp + start,
                            rowStride: tp,
                            step: 1,
                            panel: valuePanels + column * t + start * Panels.width,
                            out + i * outputWidth + head * d + column,
                            leading: outputWidth,
                            accumulate: false
                        )
                        column += Panels.width
                    }
                    i += rows
                }
            }
        }
    }

    /// Probabilities of a block of rows of one head: whole rows of P, zero where nothing is seen.
    @inline(__always) private func attend(
        rows: Range<Int>,
        of queries: UnsafePointer<Float>,
        keys: UnsafePointer<Float>,
        length t: Int,
        into p: UnsafeMutablePointer<Float>,
        capped: UnsafeMutablePointer<Float>
    ) {
        let d = headDimension, tp = Self.roundUp(t), i = rows.lowerBound
        var j = firstPanel(i)
        while j < rows.upperBound {
            Block.multiply(
                rows: rows.count,
                columns: Panels.width,
                depth: d,
                queries + i * rowWidth,
                rowStride: rowWidth,
                step: 1,
                panel: keys + j * d,
                p + i * tp + j,
                leading: tp,
                accumulate: false
            )
            j += Panels.width
        }
        for r in rows {
            let row = p + r * tp, from = first(r), count = r + 1 - from
            if let softcap {
                VectorMath.softcap(row + from, count, cap: softcap, factor: scale)
                (capped + r * tp + from).update(from: row + from, count: count)
            }
            _ = VectorMath.softmax(row + from, count, scale: softcap == nil ? scale : 1)
            row.update(repeating: 0, count: from)
            for j in (r + 1)..<max(tp, r + 1) { row[j] = 0 }
        }
    }

    /// With P = softmax(S), S = scale q k^T, O = P V: dV = P^T dO; dP = dO V^T; dS = P (dP - rowsum(P dP)) scale; dQ =
    /// dS K; dK = dS^T Q; with a softcap dS also times 1 - tanh^2.
    ///
    /// Overwrites `dQKV` (T x rowWidth); heads of a group add up in its keys and values.
    func wholeBackward(
        _ dOut: UnsafePointer<Float>,
        _ qkv: UnsafePointer<Float>,
        probabilities: UnsafeMutablePointer<Float>?,
        length t: Int,
        into dQKV: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let d = headDimension, tp = Self.roundUp(t), dp = Self.roundUp(d), stride = rowWidth
        let keyPanels = scratch, valueTransposed = scratch + tp * dp
        let queryPanels = scratch + 2 * tp * dp, outputPanels = scratch + 3 * tp * dp
        let keyTransposed = scratch + 4 * tp * dp, dScores = scratch + 5 * tp * dp, own = dScores + tp * tp
        for kv in 0..<keyValueHeads {
            let kColumn = (heads + kv) * d, vColumn = (heads + keyValueHeads + kv) * d
            Panels.pack(rows: qkv + kColumn, leading: stride, depth: t, columns: d, into: keyPanels)
            Panels.pack(columns: qkv + vColumn, leading: stride, depth: d, columns: t, into: valueTransposed)
            if probabilities == nil {
                Panels.pack(columns: qkv + kColumn, leading: stride, depth: d, columns: t, into: keyTransposed)
            }
            for head in (kv * group)..<((kv + 1) * group) {
                let isFirst = head == kv * group
                let p = probabilities.map { $0 + head * t * tp } ?? own
                let capped = probabilities.map { $0 + (heads + head) * t * tp } ?? own + tp * tp
                let dO = dOut + head * d
                Panels.pack(rows: qkv + head * d, leading: stride, depth: t, columns: d, into: queryPanels)
                Panels.pack(rows: dO, leading: outputWidth, depth: t, columns: d, into: outputPanels)
                var i = 0
                while i < t {
                    let rows = min(Block.rows, t - i), visible = i + rows, start = firstPanel(i)
                    if probabilities == nil {
                        attend(
                            rows: i..<visible,
                            of: qkv + head * d,
                            keys: keyTransposed,
                            length: t,
                            into: p,
                            capped: capped
                        )
                    }
                    var j = start
                    while j < visible {
                        Block.multiply(
                            rows: rows,
                            columns: Panels.width,
                            depth: d,
                            dO + i * outputWidth,
                            rowStride: outputWidth,
                            step: 1,
                            panel: valueTransposed + j * d,
                            dScores + i * tp + j,
                            leading: tp,
                            accumulate: false
                        )
                        j += Panels.width
                    }
                    for r in i..<visible {
                        let row = dScores + r * tp
                        row.update(repeating: 0, count: start)
                        softmaxBackward(row + start, p + r * tp + start, visible: r + 1 - start, padded: tp - start)
                        if let softcap {
                            VectorMath.softcapGradient(
                                row + first(r),
                                capped: capped + r * tp + first(r),
                                r + 1 - first(r),
                                cap: softcap
                            )
                        }
                    }
                    var column = 0
                    while column < d {
                        Block.multiply(
                            rows: rows,
                            columns: min(Panels.width, d - column),
                            depth: visible - start,
                            dScores + i * tp + start,
                            rowStride: tp,
                            step: 1,
                            panel: keyPanels + column * t + start * Panels.width,
                            dQKV + i * stride + head * d + column,
                            leading: stride,
                            accumulate: false
                        )
                        column += Panels.width
                    }
                    i += rows
                }
                // Keys and values: row j of the result sums over the queries i >= j that see it.
                var j = 0
                while j < t {
                    let rows = min(Block.rows, t - j), depth = window.map { min(t - j, $0 + rows - 1) } ?? t - j
                    var column = 0
                    while column < d {
                        let width = min(Panels.width, d - column)
                        transposed(
                            rows: rows,
                            columns: width,
                            depth: depth,
                            dScores + j * tp + j,
                            step: tp,
                            panel: queryPanels + column * t + j * Panels.width,
                            dQKV + j * stride + kColumn + column,
                            leading: stride,
                            accumulate: !isFirst
                        )
                        transposed(
                            rows: rows,
                            columns: width,
                            depth: depth,
                            p + j * tp + j,
                            step: tp,
                            panel: outputPanels + column * t + j * Panels.width,
                            dQKV + j * stride + vColumn + column,
                            leading: stride,
                            accumulate: !isFirst
                        )
                        column += Panels.width
                    }
                    j += rows
                }
            }
        }
    }

    @inline(__always) private func transposed(
        rows: Int,
        columns: Int,
        depth: Int,
        _ a: UnsafePointer<Float>,
        step: Int,
        panel: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        leading: Int,
        accumulate: Bool
    ) {
        Block.multiply(
            rows: rows,
            columns: columns,
            depth: depth,
            a,
            rowStride: 1,
            step: step,
            panel: panel,
            c,
            leading: leading,
            accumulate: accumulate
        )
    }

    /// dS = P (dP - sum(P dP)) scale over the visible entries of one row; the rest becomes 0.
    @inline(__always) private func softmaxBackward(
        _ dScores: UnsafeMutablePointer<Float>,
        _ p: UnsafePointer<Float>,
        visible: Int,
        padded: Int
    ) {
        let sum = VectorMath.dot(dScores, p, visible)
        let minus = Vector(repeating: -sum), factor = Vector(repeating: scale)
        var j = 0
        while j < visible {  // rows are padded to 32 with zero probabilities, so whole vectors are safe
            dScores.store((dScores.vector(j) + minus) * p.vector(j) * factor, at: j)
            j += 16
        }
        while j < padded {
            dScores.store(Vector.zero, at: j)
            j += 16
        }
    }
}

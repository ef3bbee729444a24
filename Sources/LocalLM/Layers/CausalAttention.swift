/// Grouped-query causal attention of packed sequences: out = softmax(q k^T / sqrt(D), j <= i) v, head by head.
///
/// Queries, keys and values of a token lie in one row of width (heads + 2 kvHeads) D. Each sequence is its own block,
/// so nothing is padded. Probabilities are kept for the backward pass.
struct CausalAttention: Sendable {
    let heads: Int
    let keyValueHeads: Int
    let headDimension: Int

    var rowWidth: Int { (heads + 2 * keyValueHeads) * headDimension }
    var outputWidth: Int { heads * headDimension }
    private var group: Int { heads / keyValueHeads }
    private var scale: Float { 1 / Float(headDimension).squareRoot() }

    /// Floats that the probabilities of a sequence take (all heads).
    func probabilityCount(length: Int) -> Int { heads * length * Self.roundUp(length) }

    /// Floats of scratch for sequences up to `length`: six packed operands and two rows of partial sums.
    func scratchCount(length: Int) -> Int {
        let t = Self.roundUp(length), d = Self.roundUp(headDimension)
        return 4 * t * d + 2 * t * t + 2 * t * d
    }

    private static func roundUp(_ n: Int) -> Int { (n + 31) / 32 * 32 }

    /// - Parameters:
    ///   - qkv: rows of one sequence, T x rowWidth, rotary positions applied.
    ///   - out: T x outputWidth. `probabilities`: heads x T x roundUp(T), overwritten.
    func forward(
        _ qkv: UnsafePointer<Float>, length t: Int, into out: UnsafeMutablePointer<Float>,
        probabilities: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let d = headDimension, tp = Self.roundUp(t), stride = rowWidth
        let keyPanels = scratch, valuePanels = scratch + tp * Self.roundUp(d)
        for kv in 0..<keyValueHeads {
            let k = qkv + (heads + kv) * d, v = qkv + (heads + keyValueHeads + kv) * d
            Panels.pack(columns: k, leading: stride, depth: d, columns: t, into: keyPanels)
            Panels.pack(rows: v, leading: stride, depth: t, columns: d, into: valuePanels)
            for head in (kv * group)..<((kv + 1) * group) {
                let p = probabilities + head * t * tp
                var i = 0
                while i < t {
                    let rows = min(Block.rows, t - i), visible = i + rows
                    var j = 0
                    while j < visible {
                        Block.multiply(
                            rows: rows, columns: Panels.width, depth: d, qkv + i * stride + head * d, rowStride: stride, step: 1,
                            panel: keyPanels + j * d, p + i * tp + j, leading: tp, accumulate: false)
                        j += Panels.width
                    }
                    for r in i..<visible {
                        let row = p + r * tp
                        _ = VectorMath.softmax(row, r + 1, scale: scale)
                        for j in (r + 1)..<max(tp, r + 1) { row[j] = 0 }
                    }
                    var column = 0
                    while column < d {
                        Block.multiply(
                            rows: rows, columns: min(Panels.width, d - column), depth: visible, p + i * tp, rowStride: tp, step: 1,
                            panel: valuePanels + column * t, out + i * outputWidth + head * d + column, leading: outputWidth, accumulate: false)
                        column += Panels.width
                    }
                    i += rows
                }
            }
        }
    }

    /// With P = softmax(S), S = scale q k^T, O = P V:
    /// dV = P^T dO; dP = dO V^T; dS = P (dP - rowsum(P dP)) scale; dQ = dS K; dK = dS^T Q.
    ///
    /// Overwrites `dQKV` (T x rowWidth); heads of a group add up in its keys and values.
    func backward(
        _ dOut: UnsafePointer<Float>, _ qkv: UnsafePointer<Float>, probabilities: UnsafePointer<Float>, length t: Int,
        into dQKV: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let d = headDimension, tp = Self.roundUp(t), dp = Self.roundUp(d), stride = rowWidth
        let keyPanels = scratch, valueTransposed = scratch + tp * dp
        let queryPanels = scratch + 2 * tp * dp, outputPanels = scratch + 3 * tp * dp
        let dScores = scratch + 4 * tp * dp
        for kv in 0..<keyValueHeads {
            let kColumn = (heads + kv) * d, vColumn = (heads + keyValueHeads + kv) * d
            Panels.pack(rows: qkv + kColumn, leading: stride, depth: t, columns: d, into: keyPanels)
            Panels.pack(columns: qkv + vColumn, leading: stride, depth: d, columns: t, into: valueTransposed)
            for head in (kv * group)..<((kv + 1) * group) {
                let isFirst = head == kv * group
                let p = probabilities + head * t * tp
                let dO = dOut + head * d
                Panels.pack(rows: qkv + head * d, leading: stride, depth: t, columns: d, into: queryPanels)
                Panels.pack(rows: dO, leading: outputWidth, depth: t, columns: d, into: outputPanels)
                var i = 0
                while i < t {
                    let rows = min(Block.rows, t - i), visible = i + rows
                    var j = 0
                    while j < visible {
                        Block.multiply(
                            rows: rows, columns: Panels.width, depth: d, dO + i * outputWidth, rowStride: outputWidth, step: 1,
                            panel: valueTransposed + j * d, dScores + i * tp + j, leading: tp, accumulate: false)
                        j += Panels.width
                    }
                    for r in i..<visible { softmaxBackward(dScores + r * tp, p + r * tp, visible: r + 1, padded: tp) }
                    var column = 0
                    while column < d {
                        Block.multiply(
                            rows: rows, columns: min(Panels.width, d - column), depth: visible, dScores + i * tp, rowStride: tp, step: 1,
                            panel: keyPanels + column * t, dQKV + i * stride + head * d + column, leading: stride, accumulate: false)
                        column += Panels.width
                    }
                    i += rows
                }
                // Keys and values: row j of the result sums over the queries i >= j.
                var j = 0
                while j < t {
                    let rows = min(Block.rows, t - j)
                    var column = 0
                    while column < d {
                        let width = min(Panels.width, d - column)
                        transposed(
                            rows: rows, columns: width, depth: t - j, dScores + j * tp + j, step: tp, panel: queryPanels + column * t + j * Panels.width,
                            dQKV + j * stride + kColumn + column, leading: stride, accumulate: !isFirst)
                        transposed(
                            rows: rows, columns: width, depth: t - j, p + j * tp + j, step: tp, panel: outputPanels + column * t + j * Panels.width,
                            dQKV + j * stride + vColumn + column, leading: stride, accumulate: !isFirst)
                        column += Panels.width
                    }
                    j += rows
                }
            }
        }
    }

    @inline(__always) private func transposed(
        rows: Int, columns: Int, depth: Int, _ a: UnsafePointer<Float>, step: Int, panel: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>, leading: Int, accumulate: Bool
    ) {
        Block.multiply(rows: rows, columns: columns, depth: depth, a, rowStride: 1, step: step, panel: panel, c, leading: leading, accumulate: accumulate)
    }

    /// dS = P (dP - sum(P dP)) scale over the visible entries of one row; the rest becomes 0.
    @inline(__always) private func softmaxBackward(_ dScores: UnsafeMutablePointer<Float>, _ p: UnsafePointer<Float>, visible: Int, padded: Int) {
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

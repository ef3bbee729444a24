import COpenBLAS

/// s B A of one linear layer W: its place in the output of the projection that holds W, and in the adapter's buffer.
struct LowRankUpdate: Sendable {
    let inputs: Int
    let outputs: Int
    let rank: Int
    let scale: Float
    /// First of its columns in the projection's output.
    let column: Int
    /// Where W starts in the base's weights.
    let target: Int
    /// Where A (rank x inputs) and B (outputs x rank) start.
    let a: Int
    let b: Int
}

/// One shard's passes through an adapter, next to those through the base.
///
/// `@unchecked Sendable`: each shard belongs to one worker at a time.
final class AdapterPass: @unchecked Sendable {
    let adapter: Adapter
    /// In the adapter's layout. Cleared by the trainer.
    let gradients: FloatBuffer
    /// Decides which inputs the dropout zeroes; nil: none. Set for each pass, the same for forward and backward.
    var dropoutKey: UInt64?
    private var rows = 0
    /// x A^T, and its gradient: rows x rank.
    private var low = FloatBuffer(count: 0), dLow = FloatBuffer(count: 0)
    /// Rows x inputs, only with dropout: what is left of x, and the gradient of it.
    private var kept = FloatBuffer(count: 0), dKept = FloatBuffer(count: 0)
    /// The last rows of a forward product, filled up to a block, and what comes of them.
    private let lastInputs: FloatBuffer, lastOutputs: FloatBuffer

    /// Rows of a product of the forward pass. OpenBLAS sums in another order for another number of rows: in blocks of
    /// one size a row has the same bits whatever is beside it, and a policy that has not moved yet has the reference's
    /// logprobs.
    private static let block = 32

    init(_ adapter: Adapter) {
        self.adapter = adapter
        gradients = FloatBuffer(count: adapter.buffer.count)
        let updates = adapter.layout.updates.values.joined(), rank = adapter.settings.rank
        lastInputs = FloatBuffer(count: Self.block * max(updates.map(\.inputs).max() ?? 0, rank))
        lastOutputs = FloatBuffer(count: Self.block * max(updates.map(\.outputs).max() ?? 0, rank))
        _ = BLASKernel.current
    }

    /// Before a batch of so many rows.
    func reserve(rows: Int) {
        guard rows > self.rows else { return }
        self.rows = rows
        low = FloatBuffer(count: rows * adapter.settings.rank)
        dLow = FloatBuffer(count: rows * adapter.settings.rank)
        guard adapter.settings.dropout > 0 else { return }
        let widest = adapter.layout.updates.values.joined().map(\.inputs).max() ?? 0
        kept = FloatBuffer(count: rows * widest)
        dKept = FloatBuffer(count: rows * widest)
    }

    /// y += s drop(x) A^T B^T in the columns of each adapted layer. x: rows x inputs of `p`, y: rows x outputs of `p`.
    func forward(_ p: Projection, _ x: UnsafePointer<Float>, rows: Int, addingTo y: UnsafeMutablePointer<Float>) {
        guard let updates = adapter.layout.updates[p.offset] else { return }
        let w = adapter.buffer.pointer
        for u in updates {
            project(u, dropped(x, u, rows), rows)
            product(rows, u.outputs, u.rank, u.scale, low.pointer, w + u.b, 1, y + u.column, stride: p.outputs)
        }
    }

    /// With t = drop(x) A^T: dB += s dy^T t, dt = s dy B, dA += dt^T drop(x), dx += drop(dt A).
    func backward(
        _ p: Projection,
        _ dy: UnsafePointer<Float>,
        _ x: UnsafePointer<Float>,
        rows: Int,
        addingTo dx: UnsafeMutablePointer<Float>
    ) {
        guard let updates = adapter.layout.updates[p.offset] else { return }
        let w = adapter.buffer.pointer, g = gradients.pointer
        for u in updates {
            let input = dropped(x, u, rows)
            project(u, input, rows)
            gemm(
                true,
                false,
                u.outputs,
                u.rank,
                rows,
                u.scale,
                dy + u.column,
                p.outputs,
                low.pointer,
                u.rank,
                1,
                g + u.b,
                u.rank
            )
            gemm(
                false,
                false,
                rows,
                u.rank,
                u.outputs,
                u.scale,
                dy + u.column,
                p.outputs,
                w + u.b,
                u.rank,
                0,
                dLow.pointer,
                u.rank
            )
            gemm(true, false, u.rank, u.inputs, rows, 1, dLow.pointer, u.rank, input, u.inputs, 1, g + u.a, u.inputs)
            if let mask = mask(u) {
                gemm(
                    false,
                    false,
                    rows,
                    u.inputs,
                    u.rank,
                    1,
                    dLow.pointer,
                    u.rank,
                    w + u.a,
                    u.inputs,
                    0,
                    dKept.pointer,
                    u.inputs
                )
                for i in 0..<rows * u.inputs where mask.keeps(i) { dx[i] += dKept.pointer[i] * mask.factor }
            } else {
                gemm(false, false, rows, u.inputs, u.rank, 1, dLow.pointer, u.rank, w + u.a, u.inputs, 1, dx, u.inputs)
            }
        }
    }

    private func project(_ u: LowRankUpdate, _ x: UnsafePointer<Float>, _ rows: Int) {
        let a = adapter.buffer.pointer + u.a
        product(rows, u.rank, u.inputs, 1, x, a, 0, low.pointer, stride: u.rank)
    }

    /// y[rows, n] = alpha x[rows, k] w[n, k]^T + beta y, by blocks of rows.
    private func product(
        _ rows: Int,
        _ n: Int,
        _ k: Int,
        _ alpha: Float,
        _ x: UnsafePointer<Float>,
        _ w: UnsafePointer<Float>,
        _ beta: Float,
        _ y: UnsafeMutablePointer<Float>,
        stride: Int
    ) {
        let whole = rows - rows % Self.block, rest = rows - whole
        for row in Swift.stride(from: 0, to: whole, by: Self.block) {
            gemm(false, true, Self.block, n, k, alpha, x + row * k, k, w, k, beta, y + row * stride, stride)
        }
        guard rest > 0 else { return }
        let input = lastInputs.pointer, output = lastOutputs.pointer
        input.update(from: x + whole * k, count: rest * k)
        (input + rest * k).update(repeating: 0, count: (Self.block - rest) * k)
        for row in 0..<rest where beta != 0 {
            (output + row * n).update(from: y + (whole + row) * stride, count: n)
        }
        gemm(false, true, Self.block, n, k, alpha, input, k, w, k, beta, output, n)
        for row in 0..<rest { (y + (whole + row) * stride).update(from: output + row * n, count: n) }
    }

    // MARK: Dropout

    /// Element i is kept where hash(key, i) says so: the same in both passes, and wherever a layer is computed again.
    private struct Mask {
        let key: UInt64
        let threshold: UInt64
        let factor: Float
        func keeps(_ index: Int) -> Bool { RandomKey.mix(key &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15) >= threshold }
    }

    private func mask(_ u: LowRankUpdate) -> Mask? {
        guard let dropoutKey, adapter.settings.dropout > 0 else { return nil }
        let dropout = adapter.settings.dropout
        return Mask(
            key: RandomKey.derive(dropoutKey, UInt64(u.a)),
            threshold: UInt64(dropout * 0x1p64),
            factor: Float(1 / (1 - dropout))
        )
    }

    private func dropped(_ x: UnsafePointer<Float>, _ u: LowRankUpdate, _ rows: Int) -> UnsafePointer<Float> {
        guard let mask = mask(u) else { return x }
        for i in 0..<rows * u.inputs { kept.pointer[i] = mask.keeps(i) ? x[i] * mask.factor : 0 }
        return UnsafePointer(kept.pointer)
    }

    /// C[m, n] = alpha op(A) op(B) + beta C, row-major.
    private func gemm(
        _ transposesA: Bool,
        _ transposesB: Bool,
        _ m: Int,
        _ n: Int,
        _ k: Int,
        _ alpha: Float,
        _ a: UnsafePointer<Float>,
        _ lda: Int,
        _ b: UnsafePointer<Float>,
        _ ldb: Int,
        _ beta: Float,
        _ c: UnsafeMutablePointer<Float>,
        _ ldc: Int
    ) {
        cblas_sgemm(
            CblasRowMajor,
            transposesA ? CblasTrans : CblasNoTrans,
            transposesB ? CblasTrans : CblasNoTrans,
            Int32(m),
            Int32(n),
            Int32(k),
            alpha,
            a,
            Int32(lda),
            b,
            Int32(ldb),
            beta,
            c,
            Int32(ldc)
        )
    }
}

import COpenBLAS
import CTiles

/// One shard's products with the layers of a bank: y = x W^T, dx = dy W, dW = dy^T x.
///
/// In bf16 both operands of each product are rounded, x and dy into memory of the shard's own.
/// `@unchecked Sendable`: each shard belongs to one worker at a time.
final class ProjectionPass: @unchecked Sendable {
    let bank: ProjectionBank
    private let scratch: FloatBuffer
    /// Rounded operands; `turned` is a transposed one, and `paired` one in panels.
    private let first = GrowingHalves(), second = GrowingHalves()
    private var turned = HalfBuffer(count: 0)
    private var paired = PairBuffer(count: 0)
    /// With weights that are frozen.
    private let frozen: FrozenProducts?

    init(_ bank: ProjectionBank) {
        self.bank = bank
        scratch = FloatBuffer(count: bank.scratchCount)
        frozen = bank.frozen.map { FrozenProducts($0, bank.backend) }
    }

    /// y (+)= x W^T: x rows x inputs, y rows x outputs.
    func forward(
        _ p: Projection,
        _ x: UnsafePointer<Float>,
        rows: Int,
        into y: UnsafeMutablePointer<Float>,
        accumulate: Bool = false
    ) {
        if let frozen {
            let halves = bank.backend == .pairs ? first.rounding(x, rows * p.inputs) : nil
            return frozen.forward(p, x, halves, rows: rows, into: y, accumulate: accumulate)
        }
        switch bank.backend {
        case .panels:
            Panels.multiply(
                rows: rows,
                columns: p.outputs,
                depth: p.inputs,
                x,
                leading: p.inputs,
                panels: bank.panels.pointer + p.forwardPanels,
                y,
                leading: p.outputs,
                accumulate: accumulate
            )
        case .openBLAS:
            cblas_sgemm(
                CblasRowMajor,
                CblasNoTrans,
                CblasTrans,
                Int32(rows),
                Int32(p.outputs),
                Int32(p.inputs),
                1,
                x,
                Int32(p.inputs),
                weights + p.offset,
                Int32(p.inputs),
                accumulate ? 1 : 0,
                y,
                Int32(p.outputs)
            )
        case .pairs:
            let halves = first.rounding(x, rows * p.inputs)
            forward(p, halves: halves, rows: rows, into: y, accumulate: accumulate)
        }
    }

    func forward(
        _ p: Projection,
        _ x: ActivationRows,
        rows: Int,
        into y: UnsafeMutablePointer<Float>,
        accumulate: Bool = false
    ) {
        switch x {
        case .single(let x): forward(p, x, rows: rows, into: y, accumulate: accumulate)
        case .half(let x): forward(p, halves: x, rows: rows, into: y, accumulate: accumulate)
        }
    }

    /// y (+)= x W^T with x rounded already; in bf16 alone.
    private func forward(
        _ p: Projection,
        halves x: UnsafePointer<UInt16>,
        rows: Int,
        into y: UnsafeMutablePointer<Float>,
        accumulate: Bool
    ) {
        PairProduct.multiply(
            rows: rows,
            columns: p.outputs,
            depth: p.inputs,
            x,
            leading: p.inputs,
            panels: bank.pairs.pointer + p.forwardPanels,
            y,
            leading: p.outputs,
            accumulate: accumulate
        )
    }

    /// dy as both products of the backward pass read it, until the shard's next product of another one.
    struct OutputGradient {
        fileprivate let floats: UnsafePointer<Float>
        fileprivate let halves: UnsafePointer<UInt16>?
    }

    /// - Parameter dy: rows x outputs.
    func outputGradient(_ p: Projection, _ dy: UnsafePointer<Float>, rows: Int) -> OutputGradient {
        OutputGradient(floats: dy, halves: bank.backend == .pairs ? first.rounding(dy, rows * p.outputs) : nil)
    }

    /// dx = dy W.
    func backwardInput(_ p: Projection, _ dy: OutputGradient, rows: Int, into dx: UnsafeMutablePointer<Float>) {
        if let frozen { return frozen.backward(p, dy.floats, dy.halves, rows: rows, into: dx) }
        switch bank.backend {
        case .panels:
            Panels.multiply(
                rows: rows,
                columns: p.inputs,
                depth: p.outputs,
                dy.floats,
                leading: p.outputs,
                panels: bank.panels.pointer + p.backwardPanels,
                dx,
                leading: p.inputs,
                accumulate: false
            )
        case .openBLAS:
            cblas_sgemm(
                CblasRowMajor,
                CblasNoTrans,
                CblasNoTrans,
                Int32(rows),
                Int32(p.inputs),
                Int32(p.outputs),
                1,
                dy.floats,
                Int32(p.outputs),
                weights + p.offset,
                Int32(p.inputs),
                0,
                dx,
                Int32(p.inputs)
            )
        case .pairs:
            PairProduct.multiply(
                rows: rows,
                columns: p.inputs,
                depth: p.outputs,
                dy.halves!,
                leading: p.outputs,
                panels: bank.pairs.pointer + p.backwardPanels,
                dx,
                leading: p.inputs,
                accumulate: false
            )
        }
    }

    /// dW += dy^T x over some of the rows.
    func backwardWeight(
        _ p: Projection,
        _ dy: OutputGradient,
        _ x: UnsafePointer<Float>,
        rows: Range<Int>,
        into dW: UnsafeMutablePointer<Float>
    ) {
        let start = rows.lowerBound * p.outputs, x = x + rows.lowerBound * p.inputs
        switch bank.backend {
        case .panels:
            Panels.multiplyTransposed(
                rows: p.outputs,
                columns: p.inputs,
                depth: rows.count,
                dy.floats + start,
                leading: p.outputs,
                x,
                leading: p.inputs,
                dW,
                leading: p.inputs,
                accumulate: true,
                scratch: scratch.pointer
            )
        case .openBLAS:
            cblas_sgemm(
                CblasRowMajor,
                CblasTrans,
                CblasNoTrans,
                Int32(p.outputs),
                Int32(p.inputs),
                Int32(rows.count),
                1,
                dy.floats + start,
                Int32(p.outputs),
                x,
                Int32(p.inputs),
                1,
                dW,
                Int32(p.inputs)
            )
        case .pairs:
            let halves = second.rounding(x, rows.count * p.inputs)
            backwardWeight(p, halves: dy.halves! + start, halves, rows: rows.count, into: dW)
        }
    }

    func backwardWeight(
        _ p: Projection,
        _ dy: OutputGradient,
        _ x: ActivationRows,
        rows: Range<Int>,
        into dW: UnsafeMutablePointer<Float>
    ) {
        switch x {
        case .single(let x): backwardWeight(p, dy, x, rows: rows, into: dW)
        case .half(let x):
            let dy = dy.halves! + rows.lowerBound * p.outputs, x = x + rows.lowerBound * p.inputs
            backwardWeight(p, halves: dy, x, rows: rows.count, into: dW)
        }
    }

    /// dW += dy^T x with both rounded already; in bf16 alone.
    func backwardWeight(
        _ p: Projection,
        halves dy: UnsafePointer<UInt16>,
        _ x: UnsafePointer<UInt16>,
        rows: Int,
        into dW: UnsafeMutablePointer<Float>
    ) {
        let depth = PairPanels.depth(rows), panels = PairPanels.count(depth: rows, columns: p.inputs)
        if paired.count < panels { paired = PairBuffer(count: panels) }
        if turned.count < p.outputs * depth { turned = HalfBuffer(count: p.outputs * depth) }
        PairPanels.pack(rows: x, leading: p.inputs, depth: rows, columns: p.inputs, into: paired.pointer)
        ctiles_transpose(dy, p.outputs, rows, p.outputs, turned.pointer, depth)
        PairProduct.multiply(
            rows: p.outputs,
            columns: p.inputs,
            depth: rows,
            turned.pointer,
            leading: depth,
            panels: paired.pointer,
            dW,
            leading: p.inputs,
            accumulate: true
        )
    }

    /// The weights that OpenBLAS multiplies with.
    private var weights: UnsafePointer<Float> { bank.weights.vector(0) }
}

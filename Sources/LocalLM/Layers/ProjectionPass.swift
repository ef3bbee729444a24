import COpenBLAS

/// One shard's products with the layers of a bank: y = x W^T, dx = dy W, dW = dy^T x.
///
/// In bf16 both operands of each product are rounded, x and dy into memory of the shard's own.
/// `@unchecked Sendable`: each shard belongs to one worker at a time.
final class ProjectionPass: @unchecked Sendable {
    let bank: ProjectionBank
    private let scratch: FloatBuffer
    private let oneDNN: OneDNN?
    /// Rounded operands.
    private var first = FloatBuffer(count: 0), second = FloatBuffer(count: 0)
    private var firstHalves = HalfBuffer(count: 0), secondHalves = HalfBuffer(count: 0)

    init(_ bank: ProjectionBank) {
        self.bank = bank
        scratch = FloatBuffer(count: bank.scratchCount)
        oneDNN = bank.backend == .oneDNN ? OneDNN() : nil
    }

    /// y (+)= x W^T: x rows x inputs, y rows x outputs.
    func forward(
        _ p: Projection,
        _ x: UnsafePointer<Float>,
        rows: Int,
        into y: UnsafeMutablePointer<Float>,
        accumulate: Bool = false
    ) {
        switch bank.backend {
        case .panels:
            Panels.multiply(
                rows: rows,
                columns: p.outputs,
                depth: p.inputs,
                operand(x, rows * p.inputs, &first),
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
                operand(x, rows * p.inputs, &first),
                Int32(p.inputs),
                weights + p.offset,
                Int32(p.inputs),
                accumulate ? 1 : 0,
                y,
                Int32(p.outputs)
            )
        case .oneDNN:
            oneDNN?.multiply(
                .bf16,
                rows: rows,
                columns: p.outputs,
                depth: p.inputs,
                OneDNN.Operand(
                    address: converted(x, rows * p.inputs, &firstHalves),
                    leading: p.inputs,
                    isTransposed: false
                ),
                weight(p, isTransposed: true),
                y,
                leading: p.outputs,
                accumulate: accumulate
            )
        }
    }

    /// dy as both products of the backward pass read it, until the shard's next product of another one.
    struct OutputGradient {
        fileprivate let floats: UnsafePointer<Float>
        fileprivate let halves: UnsafePointer<UInt16>?
    }

    /// - Parameter dy: rows x outputs.
    func outputGradient(_ p: Projection, _ dy: UnsafePointer<Float>, rows: Int) -> OutputGradient {
        let count = rows * p.outputs
        return bank.backend == .oneDNN
            ? OutputGradient(floats: dy, halves: converted(dy, count, &firstHalves))
            : OutputGradient(floats: operand(dy, count, &first), halves: nil)
    }

    /// dx = dy W.
    func backwardInput(_ p: Projection, _ dy: OutputGradient, rows: Int, into dx: UnsafeMutablePointer<Float>) {
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
        case .oneDNN:
            oneDNN?.multiply(
                .bf16,
                rows: rows,
                columns: p.inputs,
                depth: p.outputs,
                OneDNN.Operand(address: dy.halves!, leading: p.outputs, isTransposed: false),
                weight(p, isTransposed: false),
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
        let start = rows.lowerBound * p.outputs, count = rows.count * p.inputs, x = x + rows.lowerBound * p.inputs
        switch bank.backend {
        case .panels:
            Panels.multiplyTransposed(
                rows: p.outputs,
                columns: p.inputs,
                depth: rows.count,
                dy.floats + start,
                leading: p.outputs,
                operand(x, count, &second),
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
                operand(x, count, &second),
                Int32(p.inputs),
                1,
                dW,
                Int32(p.inputs)
            )
        case .oneDNN:
            oneDNN?.multiply(
                .bf16,
                rows: p.outputs,
                columns: p.inputs,
                depth: rows.count,
                OneDNN.Operand(address: dy.halves! + start, leading: p.outputs, isTransposed: true),
                OneDNN.Operand(address: converted(x, count, &secondHalves), leading: p.inputs, isTransposed: false),
                dW,
                leading: p.inputs,
                accumulate: true
            )
        }
    }

    /// The weights that OpenBLAS multiplies with.
    private var weights: UnsafeMutablePointer<Float> {
        bank.precision == .bf16 ? bank.rounded.pointer : bank.weights.buffer.pointer
    }

    private func operand(_ x: UnsafePointer<Float>, _ count: Int, _ place: inout FloatBuffer) -> UnsafePointer<Float> {
        guard bank.precision == .bf16 else { return x }
        if place.count < count { place = FloatBuffer(count: count) }
        BFloat16.round(x, count, into: place.pointer)
        return UnsafePointer(place.pointer)
    }

    private func converted(_ x: UnsafePointer<Float>, _ count: Int, _ place: inout HalfBuffer) -> UnsafePointer<UInt16>
    {
        if place.count < count { place = HalfBuffer(count: count) }
        BFloat16.convert(x, count, into: place.pointer)
        return UnsafePointer(place.pointer)
    }

    private func weight(_ p: Projection, isTransposed: Bool) -> OneDNN.Operand {
        OneDNN.Operand(address: bank.halves.pointer + p.offset, leading: p.inputs, isTransposed: isTransposed)
    }
}

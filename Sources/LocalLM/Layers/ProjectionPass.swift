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
    func forward(_ p: Projection, _ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, accumulate: Bool = false) {
        switch bank.backend {
        case .panels:
            Panels.multiply(
                rows: rows, columns: p.outputs, depth: p.inputs, operand(x, rows * p.inputs, &first), leading: p.inputs,
                panels: bank.panels.pointer + p.forwardPanels, y, leading: p.outputs, accumulate: accumulate)
        case .openBLAS:
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(p.outputs), Int32(p.inputs), 1, operand(x, rows * p.inputs, &first),
                Int32(p.inputs), weights + p.offset, Int32(p.inputs), accumulate ? 1 : 0, y, Int32(p.outputs))
        case .oneDNN:
            oneDNN?.multiply(
                .bfloat16, rows: rows, columns: p.outputs, depth: p.inputs, half(x, rows * p.inputs, leading: p.inputs, &firstHalves),
                weight(p, isTransposed: true), y, leading: p.outputs, accumulate: accumulate)
        }
    }

    /// dx = dy W.
    func backwardInput(_ p: Projection, _ dy: UnsafePointer<Float>, rows: Int, into dx: UnsafeMutablePointer<Float>) {
        switch bank.backend {
        case .panels:
            Panels.multiply(
                rows: rows, columns: p.inputs, depth: p.outputs, operand(dy, rows * p.outputs, &first), leading: p.outputs,
                panels: bank.panels.pointer + p.backwardPanels, dx, leading: p.inputs, accumulate: false)
        case .openBLAS:
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(p.inputs), Int32(p.outputs), 1, operand(dy, rows * p.outputs, &first),
                Int32(p.outputs), weights + p.offset, Int32(p.inputs), 0, dx, Int32(p.inputs))
        case .oneDNN:
            oneDNN?.multiply(
                .bfloat16, rows: rows, columns: p.inputs, depth: p.outputs, half(dy, rows * p.outputs, leading: p.outputs, &firstHalves),
                weight(p, isTransposed: false), dx, leading: p.inputs, accumulate: false)
        }
    }

    /// dW += dy^T x.
    func backwardWeight(_ p: Projection, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, into dW: UnsafeMutablePointer<Float>) {
        switch bank.backend {
        case .panels:
            Panels.multiplyTransposed(
                rows: p.outputs, columns: p.inputs, depth: rows, operand(dy, rows * p.outputs, &first), leading: p.outputs,
                operand(x, rows * p.inputs, &second), leading: p.inputs, dW, leading: p.inputs, accumulate: true, scratch: scratch.pointer)
        case .openBLAS:
            cblas_sgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, Int32(p.outputs), Int32(p.inputs), Int32(rows), 1, operand(dy, rows * p.outputs, &first),
                Int32(p.outputs), operand(x, rows * p.inputs, &second), Int32(p.inputs), 1, dW, Int32(p.inputs))
        case .oneDNN:
            oneDNN?.multiply(
                .bfloat16, rows: p.outputs, columns: p.inputs, depth: rows,
                half(dy, rows * p.outputs, leading: p.outputs, isTransposed: true, &firstHalves),
                half(x, rows * p.inputs, leading: p.inputs, &secondHalves), dW, leading: p.inputs, accumulate: true)
        }
    }

    /// The weights that OpenBLAS multiplies with.
    private var weights: UnsafeMutablePointer<Float> { bank.precision == .bf16 ? bank.rounded.pointer : bank.weights.buffer.pointer }

    private func operand(_ x: UnsafePointer<Float>, _ count: Int, _ place: inout FloatBuffer) -> UnsafePointer<Float> {
        guard bank.precision == .bf16 else { return x }
        if place.count < count { place = FloatBuffer(count: count) }
        BFloat16.round(x, count, into: place.pointer)
        return UnsafePointer(place.pointer)
    }

    private func half(_ x: UnsafePointer<Float>, _ count: Int, leading: Int, isTransposed: Bool = false, _ place: inout HalfBuffer) -> OneDNN.Operand {
        if place.count < count { place = HalfBuffer(count: count) }
        BFloat16.convert(x, count, into: place.pointer)
        return OneDNN.Operand(address: place.pointer, leading: leading, isTransposed: isTransposed)
    }

    private func weight(_ p: Projection, isTransposed: Bool) -> OneDNN.Operand {
        OneDNN.Operand(address: bank.halves.pointer + p.offset, leading: p.inputs, isTransposed: isTransposed)
    }
}

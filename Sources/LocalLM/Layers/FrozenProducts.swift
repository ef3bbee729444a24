import COpenBLAS
import ModelFiles

/// One shard's products with frozen weights, which lie in their files: y = x W^T and dx = dy W, W bf16, row-major.
///
/// q, k and v are separate matrices there, and gate and up, so that a projection of `ProjectionBank` is several
/// products here, each with some of its columns. Some rows of W at a time are brought into the form that is multiplied:
/// packed in pairs for bf16 (as `ProjectionBank` packs them once), or widened for fp32. W has the values that it would
/// have in fp32 weights, so that nothing but the order of sums differs.
///
/// `@unchecked Sendable`: each shard belongs to one worker at a time.
final class FrozenProducts: @unchecked Sendable {
    /// A matrix of a projection, and its columns there.
    private struct Part {
        let weights: UnsafePointer<UInt16>
        let column: Int, outputs: Int
    }

    private let parts: [Int: [Part]]
    private let floats: FloatBuffer
    private let pairs: PairBuffer

    /// Floats or words of scratch: 4 MB, of which the second-level cache holds the better part.
    private static let scratchCount = 1 << 20
    /// Rows of W at a time, at least, and a multiple: a panel.
    private static var leastRows: Int { Panels.width }

    init(_ frozen: FrozenWeights, _ backend: MatrixBackend) {
        let layout = frozen.layout
        var parts: [Int: [Part]] = [:]
        for m in layout.layers.flatMap({ [$0.queryKeyValue, $0.output, $0.gateUp, $0.down] }) + [layout.head] {
            let end = m.offset + m.outputs * m.inputs
            parts[m.offset] = layout.tensors.filter { $0.offset >= m.offset && $0.offset < end }.map {
                Part(
                    weights: frozen.matrix($0.offset),
                    column: ($0.offset - m.offset) / m.inputs,
                    outputs: $0.shape[0]
                )
            }
        }
        self.parts = parts
        floats = FloatBuffer(count: backend == .openBLAS ? Self.scratchCount(layout) : 0)
        pairs = PairBuffer(count: backend == .pairs ? Self.scratchCount(layout) : 0)
    }

    /// Floats of scratch that it takes, at most.
    static func scratchCount(_ layout: WeightLayout) -> Int {
        let widest = layout.tensors.filter { $0.role.decays }.map { $0.shape[1] }.max() ?? 0
        // Panels are padded along their depth and their columns.
        return max(scratchCount, leastRows * (widest + 2 * PairPanels.depth(1)))
    }

    /// Rows of W of so many inputs that are brought into form together.
    private static func rows(inputs: Int) -> Int {
        max(leastRows, scratchCount / (inputs + 2 * PairPanels.depth(1)) / leastRows * leastRows)
    }

    /// y (+)= x W^T.
    /// - Parameter halves: x rounded; nil: in fp32.
    func forward(
        _ p: Projection,
        _ x: UnsafePointer<Float>,
        _ halves: UnsafePointer<UInt16>?,
        rows: Int,
        into y: UnsafeMutablePointer<Float>,
        accumulate: Bool
    ) {
        forEachSlice(p) { weights, first, count in
            guard let halves else {
                BFloat16.widen(weights, count * p.inputs, into: floats.pointer)
                return cblas_sgemm(
                    CblasRowMajor,
                    CblasNoTrans,
                    CblasTrans,
                    Int32(rows),
                    Int32(count),
                    Int32(p.inputs),
                    1,
                    x,
                    Int32(p.inputs),
                    floats.pointer,
                    Int32(p.inputs),
                    accumulate ? 1 : 0,
                    y + first,
                    Int32(p.outputs)
                )
            }
            PairPanels.pack(
                columns: weights,
                leading: p.inputs,
                depth: p.inputs,
                columns: count,
                into: pairs.pointer
            )
            PairProduct.multiply(
                rows: rows,
                columns: count,
                depth: p.inputs,
                halves,
                leading: p.inputs,
                panels: pairs.pointer,
                y + first,
                leading: p.outputs,
                accumulate: accumulate
            )
        }
    }

    /// dx = dy W.
    /// - Parameter halves: dy rounded; nil: in fp32.
    func backward(
        _ p: Projection,
        _ dy: UnsafePointer<Float>,
        _ halves: UnsafePointer<UInt16>?,
        rows: Int,
        into dx: UnsafeMutablePointer<Float>
    ) {
        var isFirst = true
        forEachSlice(p) { weights, first, count in
            defer { isFirst = false }
            guard let halves else {
                BFloat16.widen(weights, count * p.inputs, into: floats.pointer)
                return cblas_sgemm(
                    CblasRowMajor,
                    CblasNoTrans,
                    CblasNoTrans,
                    Int32(rows),
                    Int32(p.inputs),
                    Int32(count),
                    1,
                    dy + first,
                    Int32(p.outputs),
                    floats.pointer,
                    Int32(p.inputs),
                    isFirst ? 0 : 1,
                    dx,
                    Int32(p.inputs)
                )
            }
            PairPanels.pack(
                rows: weights,
                leading: p.inputs,
                depth: count,
                columns: p.inputs,
                into: pairs.pointer
            )
            PairProduct.multiply(
                rows: rows,
                columns: p.inputs,
                depth: count,
                halves + first,
                leading: p.outputs,
                panels: pairs.pointer,
                dx,
                leading: p.inputs,
                accumulate: !isFirst
            )
        }
    }

    /// Some rows of W after another, with the column of the first.
    private func forEachSlice(
        _ p: Projection,
        _ body: (_ weights: UnsafePointer<UInt16>, _ first: Int, _ count: Int) -> Void
    ) {
        let rows = Self.rows(inputs: p.inputs)
        for part in parts[p.offset]! {
            for first in stride(from: 0, to: part.outputs, by: rows) {
                let count = min(rows, part.outputs - first)
                body(part.weights + first * p.inputs, part.column + first, count)
            }
        }
    }
}

import ModelFiles

/// What lies between the matrices of the gated feed-forward network, in bf16: products leave some columns of some rows,
/// which go through the unit while they are in the caches, and only what is rounded goes to memory.
///
/// Gates are rounded before the unit reads them, so that the backward pass makes the same activations of them again.
/// `@unchecked Sendable`: each shard belongs to one worker at a time.
final class HalfFeedForward: @unchecked Sendable {
    private let function: ModelConfiguration.Activation
    private let pairs: PairBuffer
    private let width: Int
    /// Rounded operands, of all rows.
    private let gradient = GrowingHalves(), dGateUp = GrowingHalves()
    /// Gates and what they are multiplied with, side by side, their gradients, and that of what comes of them.
    private let block = FloatBuffer(count: rows * 2 * columns), dBlock = FloatBuffer(count: rows * 2 * columns),
        dActivation = FloatBuffer(count: rows * columns)

    /// A block: half a megabyte of gates.
    private static let rows = 128
    private static let columns = 256

    /// Nil where gates and what they are multiplied with do not begin with a panel each.
    init?(_ bank: ProjectionBank, trainsAdapter: Bool) {
        let c = bank.weights.configuration
        guard Self.applies(c, bank.backend, isFrozen: bank.frozen != nil || trainsAdapter) else { return nil }
        function = c.activation
        pairs = bank.pairs
        width = c.intermediateSize
    }

    static func applies(_ c: ModelConfiguration, _ backend: MatrixBackend, isFrozen: Bool) -> Bool {
        backend == .pairs && !isFrozen && c.intermediateSize % Panels.width == 0
    }

    /// - Parameters:
    ///   - x: rows x inputs.
    ///   - gateUp: rows x 2F, gates first; `activation`: rows x F.
    func forward(
        _ p: Projection,
        _ x: UnsafePointer<UInt16>,
        rows n: Int,
        into gateUp: UnsafeMutablePointer<UInt16>,
        activation: UnsafeMutablePointer<UInt16>
    ) {
        forEachBlock(rows: n) { rows, columns in
            for (part, column) in [columns.lowerBound, width + columns.lowerBound].enumerated() {
                PairProduct.multiply(
                    rows: rows.count,
                    columns: columns.count,
                    depth: p.inputs,
                    x + rows.lowerBound * p.inputs,
                    leading: p.inputs,
                    panels: pairs.pointer + p.forwardPanels
                        + column / Panels.width * PairPanels.words(depth: p.inputs),
                    block.pointer + part * columns.count,
                    leading: 2 * columns.count,
                    accumulate: false
                )
            }
            round(block.pointer, rows, columns, into: gateUp)
            activate(gateUp, rows, columns, into: activation)
        }
    }

    /// The activations of gates that are there.
    func activate(_ gateUp: UnsafePointer<UInt16>, rows n: Int, into activation: UnsafeMutablePointer<UInt16>) {
        forEachBlock(rows: n) { activate(gateUp, $0, $1, into: activation) }
    }

    private func activate(
        _ gateUp: UnsafePointer<UInt16>,
        _ rows: Range<Int>,
        _ columns: Range<Int>,
        into activation: UnsafeMutablePointer<UInt16>
    ) {
        widen(gateUp, rows, columns)
        GatedUnit.forward(function, block.pointer, rows: rows.count, width: columns.count, into: dActivation.pointer)
        for r in 0..<rows.count {
            let to = activation + (rows.lowerBound + r) * width + columns.lowerBound
            BFloat16.convert(dActivation.pointer + r * columns.count, columns.count, into: to)
        }
    }

    /// With a = f(g) u and y = W a: da = dy W, the gradients of g and u, and dx of what they were made of.
    ///
    /// - Parameters:
    ///   - dy: rows x outputs of `down`.
    ///   - x: rows x inputs of `gateUp`.
    ///   - dx: overwritten.
    ///   - weights: gets both operands of each matrix's gradient, that of `down` first.
    func backward(
        _ layer: ProjectionBank.Layer,
        _ dy: UnsafePointer<Float>,
        _ x: UnsafePointer<UInt16>,
        rows n: Int,
        gateUp: UnsafePointer<UInt16>,
        activation: UnsafePointer<UInt16>,
        into dx: UnsafeMutablePointer<Float>,
        weights: (Projection, _ dy: UnsafePointer<UInt16>, _ x: UnsafePointer<UInt16>) -> Void
    ) {
        let down = layer.down, p = layer.gateUp
        let dy = gradient.rounding(dy, n * down.outputs)
        weights(down, dy, activation)
        let wide = dGateUp.room(n * 2 * width)
        forEachBlock(rows: n) { rows, columns in
            PairProduct.multiply(
                rows: rows.count,
                columns: columns.count,
                depth: down.outputs,
                dy + rows.lowerBound * down.outputs,
                leading: down.outputs,
                panels: pairs.pointer + down.backwardPanels
                    + columns.lowerBound / Panels.width * PairPanels.words(depth: down.outputs),
                dActivation.pointer,
                leading: columns.count,
                accumulate: false
            )
            widen(gateUp, rows, columns)
            GatedUnit.backward(
                function,
                dActivation.pointer,
                block.pointer,
                rows: rows.count,
                width: columns.count,
                into: dBlock.pointer
            )
            round(dBlock.pointer, rows, columns, into: wide)
        }
        weights(p, wide, x)
        PairProduct.multiply(
            rows: n,
            columns: p.inputs,
            depth: p.outputs,
            wide,
            leading: p.outputs,
            panels: pairs.pointer + p.backwardPanels,
            dx,
            leading: p.inputs,
            accumulate: false
        )
    }

    /// Gates and what they are multiplied with, as floats, side by side in `block`.
    private func widen(_ gateUp: UnsafePointer<UInt16>, _ rows: Range<Int>, _ columns: Range<Int>) {
        for r in 0..<rows.count {
            let from = gateUp + (rows.lowerBound + r) * 2 * width + columns.lowerBound
            let to = block.pointer + r * 2 * columns.count
            BFloat16.widen(from, columns.count, into: to)
            BFloat16.widen(from + width, columns.count, into: to + columns.count)
        }
    }

    /// The opposite, of a block or its gradient.
    private func round(
        _ block: UnsafePointer<Float>,
        _ rows: Range<Int>,
        _ columns: Range<Int>,
        into gateUp: UnsafeMutablePointer<UInt16>
    ) {
        for r in 0..<rows.count {
            let from = block + r * 2 * columns.count
            let to = gateUp + (rows.lowerBound + r) * 2 * width + columns.lowerBound
            BFloat16.convert(from, columns.count, into: to)
            BFloat16.convert(from + columns.count, columns.count, into: to + width)
        }
    }

    /// Columns in the outer loop: their weights stay in the second-level cache while the rows pass by.
    private func forEachBlock(rows n: Int, _ body: (_ rows: Range<Int>, _ columns: Range<Int>) -> Void) {
        for j in stride(from: 0, to: width, by: Self.columns) {
            for r in stride(from: 0, to: n, by: Self.rows) {
                body(r..<min(r + Self.rows, n), j..<min(j + Self.columns, width))
            }
        }
    }
}

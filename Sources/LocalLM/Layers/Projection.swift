import COpenBLAS

/// A linear layer y = x W^T, W out x in (PyTorch's `Linear.weight`), or several that lie one behind the other in the
/// flat buffer and share their input (q, k, v; gate, up).
struct Projection: Sendable {
    let inputs: Int
    let outputs: Int
    /// Where W starts in the weights (and its gradient in a gradient buffer).
    let offset: Int
    /// Where its panels start in the bank's packed copies.
    fileprivate let forwardPanels: Int
    fileprivate let backwardPanels: Int
}

/// All linear layers of a model that is trained, in the form that the chosen backend multiplies fastest.
///
/// `@unchecked Sendable`: shards only read it; `repack` runs between steps.
final class ProjectionBank: @unchecked Sendable {
    struct Layer: Sendable {
        let queryKeyValue: Projection
        let output: Projection
        let gateUp: Projection
        let down: Projection
    }

    let weights: Weights
    let backend: MatrixBackend
    let layers: [Layer]
    /// The output projection: the embedding matrix where they are tied.
    let head: Projection
    private let panels: FloatBuffer
    private let all: [Projection]

    init(_ weights: Weights, backend: MatrixBackend? = nil) {
        self.weights = weights
        let chosen = backend ?? MatrixBackend.choose(parameters: weights.parameterCount)
        self.backend = chosen
        let c = weights.configuration
        var next = 0
        var all: [Projection] = []
        let offsets = Dictionary(uniqueKeysWithValues: weights.layout.tensors.map { ($0.name, $0.offset) })
        func projection(_ name: String, inputs: Int, outputs: Int) -> Projection {
            var forward = 0, backward = 0
            if chosen == .panels {
                forward = next
                next += Panels.count(depth: inputs, columns: outputs)
                backward = next
                next += Panels.count(depth: outputs, columns: inputs)
            }
            let p = Projection(inputs: inputs, outputs: outputs, offset: offsets[name]!, forwardPanels: forward, backwardPanels: backward)
            all.append(p)
            return p
        }
        layers = (0..<c.layerCount).map { index in
            let p = "model.layers.\(index)."
            return Layer(
                queryKeyValue: projection(p + "self_attn.q_proj.weight", inputs: c.hiddenSize, outputs: c.attentionRowWidth),
                output: projection(p + "self_attn.o_proj.weight", inputs: c.queryWidth, outputs: c.hiddenSize),
                gateUp: projection(p + "mlp.gate_proj.weight", inputs: c.hiddenSize, outputs: 2 * c.intermediateSize),
                down: projection(p + "mlp.down_proj.weight", inputs: c.intermediateSize, outputs: c.hiddenSize))
        }
        head = projection(c.tiesEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight", inputs: c.hiddenSize, outputs: c.vocabularySize)
        self.all = all
        panels = FloatBuffer(count: next)
        if chosen == .openBLAS { _ = BLASKernel.current }
        repack(part: 0, of: 1)
    }

    /// Brings the packed copies up to the weights. Shard `part` of `parts` takes its share of the projections.
    func repack(part: Int, of parts: Int) {
        guard backend == .panels else { return }
        var index = part
        while index < all.count {
            let p = all[index]
            let w = weights.buffer.pointer + p.offset
            Panels.pack(columns: w, leading: p.inputs, depth: p.inputs, columns: p.outputs, into: panels.pointer + p.forwardPanels)
            Panels.pack(rows: w, leading: p.inputs, depth: p.outputs, columns: p.inputs, into: panels.pointer + p.backwardPanels)
            index += parts
        }
    }

    /// y (+)= x W^T: x rows x inputs, y rows x outputs.
    func forward(_ p: Projection, _ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, accumulate: Bool = false) {
        if backend == .panels {
            Panels.multiply(
                rows: rows, columns: p.outputs, depth: p.inputs, x, leading: p.inputs, panels: panels.pointer + p.forwardPanels,
                y, leading: p.outputs, accumulate: accumulate)
        } else {
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(p.outputs), Int32(p.inputs), 1, x, Int32(p.inputs),
                weights.buffer.pointer + p.offset, Int32(p.inputs), accumulate ? 1 : 0, y, Int32(p.outputs))
        }
    }

    /// dx (+)= dy W.
    func backwardInput(_ p: Projection, _ dy: UnsafePointer<Float>, rows: Int, into dx: UnsafeMutablePointer<Float>, accumulate: Bool = false) {
        if backend == .panels {
            Panels.multiply(
                rows: rows, columns: p.inputs, depth: p.outputs, dy, leading: p.outputs, panels: panels.pointer + p.backwardPanels,
                dx, leading: p.inputs, accumulate: accumulate)
        } else {
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(p.inputs), Int32(p.outputs), 1, dy, Int32(p.outputs),
                weights.buffer.pointer + p.offset, Int32(p.inputs), accumulate ? 1 : 0, dx, Int32(p.inputs))
        }
    }

    /// dW += dy^T x, into a gradient buffer of the weights' layout.
    func backwardWeight(
        _ p: Projection, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, gradients: FloatBuffer, scratch: UnsafeMutablePointer<Float>
    ) {
        let dW = gradients.pointer + p.offset
        if backend == .panels {
            Panels.multiplyTransposed(
                rows: p.outputs, columns: p.inputs, depth: rows, dy, leading: p.outputs, x, leading: p.inputs,
                dW, leading: p.inputs, accumulate: true, scratch: scratch)
        } else {
            cblas_sgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, Int32(p.outputs), Int32(p.inputs), Int32(rows), 1, dy, Int32(p.outputs),
                x, Int32(p.inputs), 1, dW, Int32(p.inputs))
        }
    }

    /// Floats of scratch that `backwardWeight` needs.
    var scratchCount: Int { backend == .panels ? all.map { Panels.outerScratch(rows: $0.outputs) }.max() ?? 0 : 0 }
}

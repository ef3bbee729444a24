/// A linear layer y = x W^T, W out x in (PyTorch's `Linear.weight`), or several adjacent ones in the
/// flat buffer and share their input (q, k, v; gate, up).
struct Projection: Sendable {
    let inputs: Int
    let outputs: Int
    /// Where W starts in the weights (and its gradient in a gradient buffer).
    let offset: Int
    /// Where its panels start in the bank's packed copies.
    let forwardPanels: Int
    let backwardPanels: Int
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
    let precision: Precision
    let backend: MatrixBackend
    let layers: [Layer]
    /// The output projection: the embedding matrix where they are tied.
    let head: Projection
    /// Packed copies, with `panels`.
    let panels: FloatBuffer
    /// The weights rounded, with `openBLAS` in bf16.
    let rounded: FloatBuffer
    /// The weights as bf16, at their places, with `oneDNN`.
    let halves: HalfBuffer
    private let all: [Projection]

    init(_ weights: Weights, precision: Precision = .fp32, backend: MatrixBackend? = nil) {
        self.weights = weights
        self.precision = precision
        let chosen = backend ?? MatrixBackend.choose(parameters: weights.parameterCount, precision)
        self.backend = chosen
        var next = 0
        var all: [Projection] = []
        func projection(_ m: WeightLayout.Matrix) -> Projection {
            var forward = 0, backward = 0
            if chosen == .panels {
                forward = next
                next += Panels.count(depth: m.inputs, columns: m.outputs)
                backward = next
                next += Panels.count(depth: m.outputs, columns: m.inputs)
            }
            let p = Projection(
                inputs: m.inputs,
                outputs: m.outputs,
                offset: m.offset,
                forwardPanels: forward,
                backwardPanels: backward
            )
            all.append(p)
            return p
        }
        layers = weights.layout.layers.map {
            Layer(
                queryKeyValue: projection($0.queryKeyValue),
                output: projection($0.output),
                gateUp: projection($0.gateUp),
                down: projection($0.down)
            )
        }
        head = projection(weights.layout.head)
        self.all = all
        panels = FloatBuffer(count: next)
        rounded = FloatBuffer(count: precision == .bf16 && chosen == .openBLAS ? weights.layout.count : 0)
        halves = HalfBuffer(count: chosen == .oneDNN ? weights.layout.count : 0)
        if chosen == .openBLAS { _ = BLASKernel.current }
        repack(part: 0, of: 1)
    }

    /// Brings the copies up to the weights. Shard `part` of `parts` takes its share of the projections.
    func repack(part: Int, of parts: Int) {
        for index in stride(from: part, to: all.count, by: parts) {
            let p = all[index], w = weights.buffer.pointer + p.offset, count = p.inputs * p.outputs
            switch (backend, precision) {
            case (.panels, _):
                let forward = panels.pointer + p.forwardPanels, backward = panels.pointer + p.backwardPanels
                Panels.pack(columns: w, leading: p.inputs, depth: p.inputs, columns: p.outputs, into: forward)
                Panels.pack(rows: w, leading: p.inputs, depth: p.outputs, columns: p.inputs, into: backward)
                if precision == .bf16 {
                    BFloat16.round(forward, Panels.count(depth: p.inputs, columns: p.outputs), into: forward)
                    BFloat16.round(backward, Panels.count(depth: p.outputs, columns: p.inputs), into: backward)
                }
            case (.openBLAS, .fp32): break
            case (.openBLAS, .bf16): BFloat16.round(w, count, into: rounded.pointer + p.offset)
            case (.oneDNN, _): BFloat16.convert(w, count, into: halves.pointer + p.offset)
            }
        }
    }

    /// Floats of scratch that a gradient of weights needs.
    var scratchCount: Int { backend == .panels ? all.map { Panels.outerScratch(rows: $0.outputs) }.max() ?? 0 : 0 }
}

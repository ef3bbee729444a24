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

    let weights: any ModelParameters
    /// Where they are frozen; then there are no copies.
    let frozen: FrozenWeights?
    let precision: Precision
    let backend: MatrixBackend
    let layers: [Layer]
    /// The output projection: the embedding matrix where they are tied.
    let head: Projection
    /// Packed copies, with `panels` in floats, with `pairs` in bf16.
    let panels: FloatBuffer
    let pairs: PairBuffer
    private let all: [Projection]

    init(_ weights: any ModelParameters, precision: Precision = .fp32, backend: MatrixBackend? = nil) {
        self.weights = weights
        self.precision = precision
        frozen = weights as? FrozenWeights
        let isFrozen = frozen != nil
        let chosen =
            isFrozen
            ? MatrixBackend.frozen(precision)
            : backend ?? MatrixBackend.choose(parameters: weights.parameterCount, precision)
        self.backend = chosen
        var next = 0
        var all: [Projection] = []
        func place(depth: Int, columns: Int) -> Int {
            defer { if !isFrozen { next += chosen.panelCount(depth: depth, columns: columns) } }
            return next
        }
        func projection(_ m: WeightLayout.Matrix) -> Projection {
            let p = Projection(
                inputs: m.inputs,
                outputs: m.outputs,
                offset: m.offset,
                forwardPanels: place(depth: m.inputs, columns: m.outputs),
                backwardPanels: place(depth: m.outputs, columns: m.inputs)
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
        panels = FloatBuffer(count: chosen == .panels ? next : 0)
        pairs = PairBuffer(count: chosen == .pairs ? next : 0)
        if chosen == .openBLAS { _ = BLASKernel.current }
        repack(part: 0, of: 1, step: 0)
    }

    /// Brings the copies up to the weights. Shard `part` of `parts` takes its share.
    ///
    /// In bf16 the weights of step 0 are rounded to the nearest, and later ones at random. The weights of published
    /// models are bf16 numbers, and a step moves them by less than half of the distance to the next one: rounded to the
    /// nearest, they would stay where they were for tens of steps, and what is trained would lag behind fp32.
    func repack(part: Int, of parts: Int, step: Int) {
        guard let weights = weights as? Weights else { return }
        switch backend {
        case .openBLAS: break
        case .panels:
            for index in stride(from: part, to: all.count, by: parts) {
                let p = all[index], w = weights.buffer.pointer + p.offset
                let forward = panels.pointer + p.forwardPanels, backward = panels.pointer + p.backwardPanels
                Panels.pack(columns: w, leading: p.inputs, depth: p.inputs, columns: p.outputs, into: forward)
                Panels.pack(rows: w, leading: p.inputs, depth: p.outputs, columns: p.inputs, into: backward)
            }
        case .pairs:
            let rows = HalfBuffer(count: Panels.width * (all.map(\.inputs).max() ?? 0))
            let key = step == 0 ? nil : UInt32(truncatingIfNeeded: RandomKey.derive(UInt64(step), "rounding"))
            for p in all {
                let groups = (p.outputs + Panels.width - 1) / Panels.width
                for group in groups * part / parts..<groups * (part + 1) / parts {
                    pack(weights, p, group, key, rows.pointer)
                }
            }
        }
    }

    /// Some rows of a matrix, rounded: a panel of the forward copy, and as much of the depth of all panels of the
    /// backward one.
    private func pack(
        _ weights: Weights,
        _ p: Projection,
        _ group: Int,
        _ key: UInt32?,
        _ rows: UnsafeMutablePointer<UInt16>
    ) {
        let first = group * Panels.width, count = min(Panels.width, p.outputs - first)
        let index = p.offset + first * p.inputs, from = weights.buffer.pointer + index
        if let key {
            BFloat16.convertAtRandom(from, count * p.inputs, key: key, index: index, into: rows)
        } else {
            BFloat16.convert(from, count * p.inputs, into: rows)
        }
        let forward = pairs.pointer + p.forwardPanels, backward = pairs.pointer + p.backwardPanels
        PairPanels.pack(
            columns: rows,
            leading: p.inputs,
            depth: p.inputs,
            columns: count,
            into: forward + group * PairPanels.words(depth: p.inputs)
        )
        for (panel, column) in stride(from: 0, to: p.inputs, by: Panels.width).enumerated() {
            PairPanels.pack(
                rows: rows + column,
                leading: p.inputs,
                depth: count,
                columns: min(Panels.width, p.inputs - column),
                into: backward + panel * PairPanels.words(depth: p.outputs) + first / 2 * Panels.width
            )
        }
    }

    /// Floats of scratch that a gradient of weights needs.
    var scratchCount: Int { backend == .panels ? all.map { Panels.outerScratch(rows: $0.outputs) }.max() ?? 0 : 0 }
}

extension MatrixBackend {
    /// Floats, or words of pairs, that the packed copy of a k x n matrix takes.
    func panelCount(depth k: Int, columns n: Int) -> Int {
        switch self {
        case .panels: Panels.count(depth: k, columns: n)
        case .pairs: PairPanels.count(depth: k, columns: n)
        case .openBLAS: 0
        }
    }
}

import ModelFiles

/// A matrix of `InferenceWeights`: y = x W^T, W outputs x inputs, in panels.
struct PackedMatrix: Sendable {
    let inputs: Int
    let outputs: Int
    /// Floats from row to row of y, the padding of the last panel included.
    var stride: Int { panelCount * Panels.width }
    var panelCount: Int { (outputs + Panels.width - 1) / Panels.width }
    /// Bytes before its first panel.
    fileprivate let offset: Int

    /// Bytes of one panel.
    fileprivate func panelBytes(_ format: WeightFormat) -> Int {
        switch format {
        case .fp32: inputs * Panels.width * 4
        case .bf16: PairPanels.words(depth: inputs) * 4
        case .int8: BytePanels.bytes(depth: inputs)
        }
    }
}

/// A model's weights as inference reads them: matrices in panels (`PanelProduct`), norms and biases as they are. A
/// copy: the `Weights` that it was made of may change or go.
///
/// `@unchecked Sendable`: it does not change once it is made.
final class InferenceWeights: @unchecked Sendable {
    struct Layer {
        let queryKeyValue, output, gate, up, down: PackedMatrix
        /// Norms before attention and the feed-forward network, and after them.
        let input, middle: UnsafePointer<Float>
        let attentionPost, feedForwardPost: UnsafePointer<Float>?
        /// Norms of queries and keys; biases of q, k and v, one after the other.
        let query, key, bias: UnsafePointer<Float>?
    }

    let configuration: ModelConfiguration
    /// Of the matrices.
    let format: WeightFormat
    /// Of what they are multiplied with: bf16 only where it was asked for.
    let arithmetic: Precision
    let layers: [Layer]
    let finalNorm: UnsafePointer<Float>
    /// The output projection: the embedding matrix where they are tied.
    let head: PackedMatrix
    private let embedding: PackedMatrix
    private let panels: FloatBuffer
    private let vectors: FloatBuffer

    /// A matrix that is to be packed, and where it starts in the layout of the weights.
    typealias Packing = (matrix: PackedMatrix, source: Int)

    /// - Parameters:
    ///   - precision: of the matrices and of what they are multiplied with; nil: weights of bf16 where that changes
    ///     none (checkpoints are mostly bf16), else of fp32, and arithmetic of fp32 in either case.
    ///   - format: of the matrices; nil: as `precision` says.
    ///   - pool: who packs.
    convenience init(_ weights: Weights, precision: Precision?, format: WeightFormat? = nil, pool: WorkerPool) {
        let storage = format ?? precision.map(WeightFormat.init) ?? Self.lossless(weights)
        self.init(weights, storage, arithmetic: precision == .bf16 ? .bf16 : .fp32) { all, bytes in
            let panels = FloatBuffer(count: (bytes + 3) / 4)
            nonisolated(unsafe) let target = UnsafeMutableRawPointer(panels.pointer)
            pool.run { worker in
                for (matrix, start) in all {
                    for j in pool.share(matrix.panelCount, of: worker) {
                        let rows = weights.buffer.pointer + start + j * Panels.width * matrix.inputs
                        Self.pack(matrix, panel: j, from: rows, into: target, storage)
                    }
                }
            }
            return panels
        }
    }

    /// - Parameter pack: makes the panels of all matrices, so many bytes.
    init(
        _ weights: any ModelParameters,
        _ storage: WeightFormat,
        arithmetic: Precision,
        pack: (_ all: [Packing], _ bytes: Int) throws -> FloatBuffer
    ) rethrows {
        let c = weights.configuration, layout = weights.layout
        configuration = c
        format = storage
        self.arithmetic = arithmetic
        let (vectors, places) = FrozenWeights.vectors(of: layout) { tensor, to in
            to.baseAddress!.update(from: weights.vector(tensor.offset), count: tensor.count)
        }
        func vector(_ offset: Int) -> UnsafePointer<Float> { UnsafePointer(vectors.pointer + places[offset]!) }
        var bytes = 0
        var all: [Packing] = []
        func packed(_ m: WeightLayout.Matrix) -> PackedMatrix {
            let matrix = PackedMatrix(inputs: m.inputs, outputs: m.outputs, offset: bytes)
            bytes += matrix.panelCount * matrix.panelBytes(storage)
            all.append((matrix, m.offset))
            return matrix
        }
        layers = layout.layers.map { place in
            Layer(
                queryKeyValue: packed(place.queryKeyValue),
                output: packed(place.output),
                gate: packed(place.gate),
                up: packed(place.up),
                down: packed(place.down),
                input: vector(place.input),
                middle: vector(place.middle),
                attentionPost: place.attentionPost.map(vector),
                feedForwardPost: place.feedForwardPost.map(vector),
                query: place.query.map(vector),
                key: place.key.map(vector),
                bias: place.bias.map(vector)
            )
        }
        finalNorm = vector(layout.finalNorm)
        embedding = packed(layout.embedding)
        head = c.tiesEmbeddings ? embedding : packed(layout.head)
        self.vectors = vectors
        panels = try pack(all, bytes)
    }

    private static func lossless(_ weights: Weights) -> WeightFormat {
        let matrices = weights.layout.tensors.filter(\.role.decays)
        return matrices.allSatisfy { BFloat16.represents(weights.pointer($0), $0.count) } ? .bf16 : .fp32
    }

    /// Bytes of all panels.
    var panelBytes: Int { panels.count * 4 }

    /// Bytes that one step of a batch streams through the caches: the layers and the output projection.
    var bytesPerStep: Int {
        let matrices = layers.flatMap { [$0.queryKeyValue, $0.output, $0.gate, $0.up, $0.down] } + [head]
        return matrices.reduce(0) { $0 + $1.panelCount * $1.panelBytes(format) }
    }

    /// Packs one panel.
    /// - Parameter rows: the rows of W that it holds, `matrix.inputs` floats each; of the last panel those that are
    ///   left.
    static func pack(
        _ matrix: PackedMatrix,
        panel j: Int,
        from rows: UnsafePointer<Float>,
        into base: UnsafeMutableRawPointer,
        _ format: WeightFormat
    ) {
        let width = Panels.width, k = matrix.inputs, columns = min(width, matrix.outputs - j * width)
        let to = base + matrix.offset + j * matrix.panelBytes(format)
        switch format {
        case .fp32:
            let panel = to.assumingMemoryBound(to: Float.self)
            Panels.pack(columns: rows, leading: k, depth: k, columns: columns, into: panel)
        case .bf16:
            withUnsafeTemporaryAllocation(of: UInt16.self, capacity: columns * k) { halves in
                BFloat16.convert(rows, columns * k, into: halves.baseAddress!)
                let panel = to.assumingMemoryBound(to: UInt32.self)
                PairPanels.pack(
                    columns: halves.baseAddress!,
                    leading: k,
                    depth: k,
                    columns: columns,
                    into: panel
                )
            }
        case .int8: BytePanels.pack(rows: rows, depth: k, columns: columns, into: to)
        }
    }

    /// y = x W^T for the columns of some panels: x rows x `leading`, y rows x `matrix.stride` unless `into` is wider.
    @inline(__always) func multiply(
        _ matrix: PackedMatrix,
        _ x: ProductOperand,
        rows: Int,
        panels range: Range<Int>,
        into y: UnsafeMutablePointer<Float>,
        stride: Int? = nil
    ) {
        let base = UnsafeRawPointer(panels.pointer) + matrix.offset + range.lowerBound * matrix.panelBytes(format),
            y = y + range.lowerBound * Panels.width, stride = stride ?? matrix.stride
        switch x {
        case .floats(let x, let leading):
            PanelProduct.multiply(
                format,
                rows: rows,
                depth: matrix.inputs,
                x,
                leading: leading,
                panels: base,
                count: range.count,
                y,
                leading: stride
            )
        case .halves(let x, let leading):
            func multiply(_ panels: UnsafePointer<UInt32>, _ count: Int, _ y: UnsafeMutablePointer<Float>) {
                PairProduct.multiply(
                    rows: rows,
                    columns: count * Panels.width,
                    depth: matrix.inputs,
                    x,
                    leading: leading,
                    panels: panels,
                    y,
                    leading: stride,
                    accumulate: false
                )
            }
            guard format == .int8 else {
                return multiply(base.assumingMemoryBound(to: UInt32.self), range.count, y)
            }
            BytePanels.multiply(
                panels: base,
                count: range.count,
                depth: matrix.inputs,
                rows: rows,
                into: y,
                leading: stride,
                multiply
            )
        }
    }

    /// The embedding of a token: a column of its matrix's panels.
    func embed(_ id: Int, into row: UnsafeMutablePointer<Float>) {
        let width = Panels.width, k = embedding.inputs, column = id % width
        let panel =
            UnsafeRawPointer(panels.pointer) + embedding.offset + id / width * embedding.panelBytes(format)
        switch format {
        case .fp32:
            let floats = panel.assumingMemoryBound(to: Float.self) + column
            for p in 0..<k { row[p] = floats[p * width] }
        case .bf16:
            let halves = panel.assumingMemoryBound(to: UInt16.self) + 2 * column
            for p in 0..<k { row[p] = BFloat16.widened(halves[p / 2 * 2 * width + p % 2]) }
        case .int8: BytePanels.column(column, of: panel, depth: k, into: row)
        }
    }
}

/// What a matrix is multiplied with: rows of floats, or of bf16.
enum ProductOperand {
    case floats(UnsafePointer<Float>, leading: Int)
    case halves(UnsafePointer<UInt16>, leading: Int)
}

import ModelFiles

/// The forward pass for inference: any mix of prompt tokens and next tokens, each a row with its slot and position.
///
/// Prefill and decoding are the same code, row by row, and every product is batch-invariant (see `PanelProduct`), so a
/// sequence gets the same bits alone, in a batch, from a cache or in one pass, and from any number of threads. The
/// workers of `team` go through the layers together: each computes some of the columns of a product and some of the
/// heads, and they meet at a barrier before anyone reads what all have written.
///
/// Training computes the same model with all activations kept for the backward pass: `TransformerShard`.
final class Decoder: @unchecked Sendable {
    struct Row: Sendable {
        var id: Int32
        var slot: Int
        var position: Int
    }

    /// Told the logits of one wanted row (its number among the wanted ones), by one of the workers.
    typealias Reader = @Sendable (_ wanted: Int, _ logits: UnsafePointer<Float>, _ worker: Int) -> Void

    /// Rows that pass through the layers at once.
    static let chunk = 256
    /// Up to so many rows, every worker does the norms and sums of all of them in memory of its own: that costs less
    /// than to meet.
    private static let few = 8
    /// Rows of logits in memory at once.
    private static let logitRows = 64

    var cache: KeyValueCache { attention.cache }
    let team: WorkerPool
    private let weights: InferenceWeights
    private let rotary: RotaryEmbedding
    private let c: ModelConfiguration
    private let norm, headNorm: RMSNorm
    private let attention: DecoderAttention
    private let x, normed, qkv, attended, branch, gateUp, activation, hidden, logits: FloatBuffer
    /// The operands of products in bf16, rounded by who makes them.
    private let normedHalves, attendedHalves, activationHalves, hiddenHalves: HalfBuffer
    private let isHalf: Bool
    private let own: [Own]

    /// One worker's memory.
    private final class Own: Sendable {
        let x, normed, hidden, rstd: FloatBuffer
        let normedHalves, hiddenHalves: HalfBuffer
        init(_ c: ModelConfiguration, isHalf: Bool) {
            normedHalves = HalfBuffer(count: isHalf ? few * c.hiddenSize : 0)
            hiddenHalves = HalfBuffer(count: isHalf ? few * c.hiddenSize : 0)
            x = FloatBuffer(count: few * c.hiddenSize)
            normed = FloatBuffer(count: few * c.hiddenSize)
            hidden = FloatBuffer(count: few * c.hiddenSize)
            rstd = FloatBuffer(count: max(chunk, c.headCount))
        }
    }

    /// - Parameter team: the threads that go through the layers; of one thread: the caller.
    init(weights: InferenceWeights, rotary: RotaryEmbedding, slots: Int, cache precision: Precision, team: WorkerPool) {
        self.weights = weights
        self.rotary = rotary
        self.team = team
        let c = weights.configuration
        self.c = c
        norm = RMSNorm(c, width: c.hiddenSize)
        headNorm = RMSNorm(c, width: c.headDimension)
        attention = DecoderAttention(
            c,
            arithmetic: weights.arithmetic,
            cache: KeyValueCache(c, slots: slots, precision: precision),
            workers: team.count
        )
        let layer = weights.layers[0]
        func buffer(_ width: Int) -> FloatBuffer { FloatBuffer(count: Self.chunk * width) }
        x = buffer(c.hiddenSize)
        normed = buffer(c.hiddenSize)
        qkv = buffer(layer.queryKeyValue.stride)
        branch = buffer(layer.output.stride)
        attended = buffer(c.queryWidth)
        gateUp = buffer(2 * layer.gate.stride)
        activation = buffer(layer.gate.stride)
        hidden = buffer(c.hiddenSize)
        logits = FloatBuffer(count: Self.logitRows * weights.head.stride)
        let isHalf = weights.arithmetic == .bf16
        func halves(_ width: Int) -> HalfBuffer { HalfBuffer(count: isHalf ? Self.chunk * width : 0) }
        self.isHalf = isHalf
        normedHalves = halves(c.hiddenSize)
        attendedHalves = halves(c.queryWidth)
        activationHalves = halves(layer.gate.stride)
        hiddenHalves = halves(c.hiddenSize)
        own = (0..<team.count).map { _ in Own(c, isHalf: isHalf) }
    }

    /// Computes keys and values that many sequences begin with.
    /// - Parameter slot: one that is free; it is free afterwards too.
    func prefix(_ ids: ArraySlice<Int>, slot: Int) -> KeyValuePrefix {
        cache.open(slot: slot, length: ids.count)
        run(zip(0..., ids).map { Row(id: Int32($1), slot: slot, position: $0) }, wanted: []) { _, _, _ in }
        return cache.prefix(slot: slot, count: ids.count)
    }

    /// Runs rows through the model, `chunk` of them at a time, and reads the logits of the `wanted` ones (indices into
    /// `rows`, ascending).
    func run(_ rows: [Row], wanted: [Int], read: @escaping Reader) {
        var next = 0
        for start in Swift.stride(from: 0, to: rows.count, by: Self.chunk) {
            let part = rows[start..<min(start + Self.chunk, rows.count)], first = next
            while next < wanted.count, wanted[next] < part.endIndex { next += 1 }
            runChunk(Array(part), wanted: wanted[first..<next].map { $0 - start }) { k, logits, worker in
                read(first + k, logits, worker)
            }
        }
    }

    private func runChunk(_ rows: [Row], wanted: [Int], read: @escaping Reader) {
        attention.begin(rows)
        team.run { [self] worker in
            pass(rows, worker)
            head(rows.count, wanted, worker, read)
        }
    }

    /// All layers; leaves the residual stream in `x`.
    private func pass(_ rows: [Row], _ worker: Int) {
        let n = rows.count, hiddenSize = c.hiddenSize, mine = share(n, worker)
        let x = stream(n, worker).x
        for r in mine {
            weights.embed(Int(rows[r].id), into: x + r * hiddenSize)
            if c.embeddingScale != 1 { VectorMath.scale(x + r * hiddenSize, c.embeddingScale, hiddenSize) }
        }
        for (index, layer) in weights.layers.enumerated() {
            if index > 0 { add(n, worker, post: weights.layers[index - 1].feedForwardPost) }
            let normed = normalize(n, worker, weight: layer.input)
            weights.multiply(
                layer.queryKeyValue,
                normed,
                rows: n,
                panels: panels(layer.queryKeyValue, worker),
                into: qkv.pointer
            )
            team.barrier()
            let width = layer.queryKeyValue.stride
            for r in Swift.stride(from: worker, to: n, by: team.count) {
                prepare(qkv.pointer + r * width, index, layer, rows[r], worker)
            }
            team.barrier()
            attention.run(
                rows,
                layer: index,
                worker: worker,
                DecoderAttention.Operands(
                    queries: qkv.pointer,
                    stride: width,
                    floats: attended.pointer,
                    halves: attendedHalves.pointer
                )
            )
            team.barrier()
            weights.multiply(
                layer.output,
                operand(attended, attendedHalves, leading: c.queryWidth),
                rows: n,
                panels: panels(layer.output, worker),
                into: branch.pointer
            )
            team.barrier()
            add(n, worker, post: layer.attentionPost)
            feedForward(layer, normalize(n, worker, weight: layer.middle), rows: n, worker)
        }
        add(n, worker, post: weights.layers[c.layerCount - 1].feedForwardPost)
        settle(n)
    }

    /// branch = down(f(gate x) up x). A worker's columns of gate and up are the same, so it applies the function
    /// between them without waiting for the others.
    private func feedForward(_ layer: InferenceWeights.Layer, _ input: ProductOperand, rows n: Int, _ worker: Int) {
        let width = layer.gate.stride, mine = panels(layer.gate, worker)
        weights.multiply(
            layer.gate,
            input,
            rows: n,
            panels: mine,
            into: gateUp.pointer,
            stride: 2 * width
        )
        weights.multiply(
            layer.up,
            input,
            rows: n,
            panels: mine,
            into: gateUp.pointer + width,
            stride: 2 * width
        )
        let columns = mine.lowerBound * Panels.width..<mine.upperBound * Panels.width
        GatedUnit.forward(
            c.activation,
            gateUp.pointer,
            rows: n,
            width: width,
            columns: columns,
            into: activation.pointer
        )
        if isHalf {
            for r in 0..<n { round(activation, r * width + columns.lowerBound, columns.count, activationHalves) }
        }
        team.barrier()
        weights.multiply(
            layer.down,
            operand(activation, activationHalves, leading: width),
            rows: n,
            panels: panels(layer.down, worker),
            into: branch.pointer
        )
        team.barrier()
    }

    /// Logits of the wanted rows, `logitRows` at a time.
    private func head(_ rows: Int, _ wanted: [Int], _ worker: Int, _ read: Reader) {
        let n = wanted.count, hiddenSize = c.hiddenSize, width = weights.head.stride
        guard n > 0 else { return }
        let x = stream(rows, worker).x
        let isFew = n <= Self.few
        let hidden = isFew ? own[worker].hidden.pointer : hidden.pointer,
            halves = isFew ? own[worker].hiddenHalves.pointer : hiddenHalves.pointer
        for k in isFew ? 0..<n : team.share(n, of: worker) {
            norm.forward(
                x + wanted[k] * hiddenSize,
                weight: weights.finalNorm,
                rows: 1,
                into: hidden + k * hiddenSize,
                rstd: own[worker].rstd.pointer
            )
            if isHalf { BFloat16.convert(hidden + k * hiddenSize, hiddenSize, into: halves + k * hiddenSize) }
        }
        if !isFew { team.barrier() }
        for start in Swift.stride(from: 0, to: n, by: Self.logitRows) {
            let count = min(Self.logitRows, n - start)
            weights.multiply(
                weights.head,
                isHalf
                    ? .halves(halves + start * hiddenSize, leading: hiddenSize)
                    : .floats(hidden + start * hiddenSize, leading: hiddenSize),
                rows: count,
                panels: panels(weights.head, worker),
                into: logits.pointer
            )
            team.barrier()
            for k in Swift.stride(from: worker, to: count, by: team.count) {
                let row = logits.pointer + k * width
                if let cap = c.finalSoftcap { VectorMath.softcap(row, c.vocabularySize, cap: cap) }
                read(start + k, row, worker)
            }
            if start + count < n { team.barrier() }
        }
    }

    // MARK: A worker's part

    /// The rows whose norms and sums a worker makes.
    @inline(__always) private func share(_ rows: Int, _ worker: Int) -> Range<Int> {
        rows <= Self.few ? 0..<rows : team.share(rows, of: worker)
    }

    /// Where it makes them.
    @inline(__always) private func stream(_ rows: Int, _ worker: Int) -> (
        x: UnsafeMutablePointer<Float>, normed: UnsafeMutablePointer<Float>
    ) {
        rows <= Self.few ? (own[worker].x.pointer, own[worker].normed.pointer) : (x.pointer, normed.pointer)
    }

    /// After norms and sums; no wait where each worker made its own.
    @inline(__always) private func settle(_ rows: Int) {
        if rows > Self.few { team.barrier() }
    }

    @inline(__always) private func panels(_ matrix: PackedMatrix, _ worker: Int) -> Range<Int> {
        team.share(matrix.panelCount, of: worker)
    }

    /// norm(x), as the operand of a product.
    private func normalize(_ rows: Int, _ worker: Int, weight: UnsafePointer<Float>) -> ProductOperand {
        let (x, normed) = stream(rows, worker), mine = share(rows, worker), start = mine.lowerBound * c.hiddenSize
        norm.forward(x + start, weight: weight, rows: mine.count, into: normed + start, rstd: own[worker].rstd.pointer)
        guard isHalf else {
            settle(rows)
            return .floats(normed, leading: c.hiddenSize)
        }
        let halves = rows <= Self.few ? own[worker].normedHalves.pointer : normedHalves.pointer
        BFloat16.convert(normed + start, mine.count * c.hiddenSize, into: halves + start)
        settle(rows)
        return .halves(halves, leading: c.hiddenSize)
    }

    @inline(__always) private func operand(_ floats: FloatBuffer, _ halves: HalfBuffer, leading: Int) -> ProductOperand
    {
        isHalf ? .halves(halves.pointer, leading: leading) : .floats(floats.pointer, leading: leading)
    }

    @inline(__always) private func round(_ floats: FloatBuffer, _ start: Int, _ count: Int, _ halves: HalfBuffer) {
        BFloat16.convert(floats.pointer + start, count, into: halves.pointer + start)
    }

    /// x += branch, or norm(branch) where the family has post-norms.
    private func add(_ rows: Int, _ worker: Int, post: UnsafePointer<Float>?) {
        let (x, normed) = stream(rows, worker), width = c.hiddenSize, stride = weights.layers[0].output.stride
        for r in share(rows, worker) {
            var y = UnsafePointer(branch.pointer + r * stride)
            if let post {
                norm.forward(y, weight: post, rows: 1, into: normed + r * width, rstd: own[worker].rstd.pointer)
                y = UnsafePointer(normed + r * width)
            }
            VectorMath.add(x + r * width, y, width)
        }
    }

    /// Biases, norms and rotary position of one token's queries and keys; keys and values go to the cache.
    private func prepare(
        _ q: UnsafeMutablePointer<Float>,
        _ index: Int,
        _ layer: InferenceWeights.Layer,
        _ row: Row,
        _ worker: Int
    ) {
        let k = q + c.queryWidth, rstd = own[worker].rstd.pointer
        if let bias = layer.bias { VectorMath.add(q, bias, c.attentionRowWidth) }
        if let query = layer.query, let key = layer.key {
            headNorm.forward(q, weight: query, rows: c.headCount, into: q, rstd: rstd)
            headNorm.forward(k, weight: key, rows: c.keyValueHeadCount, into: k, rstd: rstd)
        }
        rotary.apply(q, heads: c.headCount + c.keyValueHeadCount, position: row.position)
        cache.write(slot: row.slot, layer: index, position: row.position, keys: k, values: k + c.keyValueWidth)
    }
}

/// The forward pass for inference: any mix of prompt tokens and next tokens, each a row with its slot and position.
///
/// Prefill and decoding are the same code, row by row, and every product is batch-invariant (see `Tile`), so a sequence
/// gets the same bits alone, in a batch, from a cache or in one pass.
final class Decoder: @unchecked Sendable {
    struct Row: Sendable {
        var id: Int32
        var slot: Int
        var position: Int
    }

    /// Rows that pass through the layers at once.
    static let chunk = 256

    let cache: KeyValueCache
    private let bank: ProjectionBank
    private let products: ProjectionPass
    private let rotary: RotaryEmbedding
    private let c: ModelConfiguration
    private let head: VocabularyHead
    private let norm, headNorm: RMSNorm
    private let x, normed, qkv, attended, gateUp, activation, rstd, scores: FloatBuffer
    /// What a post-norm is applied to.
    private let branch: FloatBuffer
    private let gathered, hidden: FloatBuffer
    /// Logits of the rows that were asked for, one after another.
    let logits: FloatBuffer

    init(bank: ProjectionBank, rotary: RotaryEmbedding, slots: Int, length: Int) {
        self.bank = bank
        products = ProjectionPass(bank)
        self.rotary = rotary
        let c = bank.weights.configuration
        self.c = c
        cache = KeyValueCache(c, slots: slots, length: length)
        head = VocabularyHead(c)
        norm = RMSNorm(c, width: c.hiddenSize)
        headNorm = RMSNorm(c, width: c.headDimension)
        func buffer(_ width: Int) -> FloatBuffer { FloatBuffer(count: Self.chunk * width) }
        x = buffer(c.hiddenSize)
        normed = buffer(c.hiddenSize)
        qkv = buffer(c.attentionRowWidth)
        branch = buffer(c.hasPostNorms ? c.hiddenSize : 0)
        attended = buffer(c.queryWidth)
        gateUp = buffer(2 * c.intermediateSize)
        activation = buffer(c.intermediateSize)
        rstd = buffer(max(1, c.headCount))
        gathered = buffer(c.hiddenSize)
        hidden = buffer(c.hiddenSize)
        logits = buffer(c.vocabularySize)
        scores = FloatBuffer(count: cache.length + 16)
    }

    /// Runs up to `chunk` rows through the model; then `logits` holds the vocabulary rows of `wanted` (indices into `rows`).
    func run(_ rows: ArraySlice<Row>, wanted: [Int]) {
        let n = rows.count, first = rows.startIndex
        precondition(n <= Self.chunk, "\(n) rows, at most \(Self.chunk)")
        let w = bank.weights.buffer.pointer, layout = bank.weights.layout
        for r in 0..<n {
            let row = x.pointer + r * c.hiddenSize
            row.update(from: w + Int(rows[first + r].id) * c.hiddenSize, count: c.hiddenSize)
            if c.embeddingScale != 1 { VectorMath.scale(row, c.embeddingScale, c.hiddenSize) }
        }
        for layer in 0..<c.layerCount {
            let p = bank.layers[layer], offsets = layout.layers[layer]
            norm.forward(x.pointer, weight: w + offsets.input, rows: n, into: normed.pointer, rstd: rstd.pointer)
            products.forward(p.queryKeyValue, normed.pointer, rows: n, into: qkv.pointer)
            for r in 0..<n { prepare(qkv.pointer + r * c.attentionRowWidth, layer: layer, offsets, rows[first + r]) }
            for r in 0..<n { attend(rows[first + r], layer: layer, qkv.pointer + r * c.attentionRowWidth, into: attended.pointer + r * c.queryWidth) }
            add(p.output, of: attended.pointer, rows: n, post: offsets.attentionPost)
            norm.forward(x.pointer, weight: w + offsets.middle, rows: n, into: normed.pointer, rstd: rstd.pointer)
            products.forward(p.gateUp, normed.pointer, rows: n, into: gateUp.pointer)
            GatedUnit.forward(c.activation, gateUp.pointer, rows: n, width: c.intermediateSize, into: activation.pointer)
            add(p.down, of: activation.pointer, rows: n, post: offsets.feedForwardPost)
        }
        for (k, r) in wanted.enumerated() { (gathered.pointer + k * c.hiddenSize).update(from: x.pointer + r * c.hiddenSize, count: c.hiddenSize) }
        norm.forward(gathered.pointer, weight: w + layout.finalNorm, rows: wanted.count, into: hidden.pointer, rstd: rstd.pointer)
        head.logits(hidden.pointer, rows: wanted.count, products: products, into: logits.pointer)
    }

    /// Biases, norms and rotary position of one token's queries and keys; keys and values go to the cache.
    private func prepare(_ q: UnsafeMutablePointer<Float>, layer: Int, _ offsets: WeightLayout.LayerOffsets, _ row: Row) {
        let w = bank.weights.buffer.pointer, k = q + c.queryWidth
        if let bias = offsets.bias { VectorMath.add(q, w + bias, c.attentionRowWidth) }
        if let query = offsets.query, let key = offsets.key {
            headNorm.forward(q, weight: w + query, rows: c.headCount, into: q, rstd: rstd.pointer)
            headNorm.forward(k, weight: w + key, rows: c.keyValueHeadCount, into: k, rstd: rstd.pointer)
        }
        rotary.apply(q, heads: c.headCount + c.keyValueHeadCount, position: row.position)
        cache.write(slot: row.slot, layer: layer, position: row.position, keys: k, values: k + c.keyValueWidth)
    }

    private func attend(_ row: Row, layer: Int, _ queries: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) {
        let group = c.headCount / c.keyValueHeadCount
        let first = c.window(layer: layer).map { max(0, row.position - $0 + 1) } ?? 0
        for head in 0..<c.headCount {
            cache.attend(
                slot: row.slot, layer: layer, head: head / group, positions: first...row.position, query: queries + head * c.headDimension,
                scale: c.attentionScale, softcap: c.attentionSoftcap, scores: scores.pointer, into: out + head * c.headDimension)
        }
    }

    /// x += W y, or norm(W y) where the family has post-norms.
    private func add(_ p: Projection, of y: UnsafePointer<Float>, rows: Int, post: Int?) {
        guard let post else { return products.forward(p, y, rows: rows, into: x.pointer, accumulate: true) }
        products.forward(p, y, rows: rows, into: branch.pointer)
        norm.forward(branch.pointer, weight: bank.weights.buffer.pointer + post, rows: rows, into: branch.pointer, rstd: rstd.pointer)
        VectorMath.add(x.pointer, branch.pointer, rows * c.hiddenSize)
    }
}

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
    private let rotary: RotaryEmbedding
    private let c: ModelConfiguration
    private let x, normed, qkv, attended, gateUp, activation, rstd, scores: FloatBuffer
    private let gathered, hidden: FloatBuffer
    /// Logits of the rows that were asked for, one after another.
    let logits: FloatBuffer
    private let norms: [(input: Int, middle: Int)]
    private let finalNorm: Int

    init(bank: ProjectionBank, rotary: RotaryEmbedding, slots: Int, length: Int) {
        self.bank = bank
        self.rotary = rotary
        let c = bank.weights.configuration
        self.c = c
        cache = KeyValueCache(c, slots: slots, length: length)
        func buffer(_ width: Int) -> FloatBuffer { FloatBuffer(count: Self.chunk * width) }
        x = buffer(c.hiddenSize)
        normed = buffer(c.hiddenSize)
        qkv = buffer(c.queryWidth + 2 * c.keyValueWidth)
        attended = buffer(c.queryWidth)
        gateUp = buffer(2 * c.intermediateSize)
        activation = buffer(c.intermediateSize)
        rstd = buffer(1)
        gathered = buffer(c.hiddenSize)
        hidden = buffer(c.hiddenSize)
        logits = buffer(c.vocabularySize)
        scores = FloatBuffer(count: cache.length + 16)
        let offsets = Dictionary(uniqueKeysWithValues: bank.weights.layout.tensors.map { ($0.name, $0.offset) })
        norms = (0..<c.layerCount).map {
            (offsets["model.layers.\($0).input_layernorm.weight"]!, offsets["model.layers.\($0).post_attention_layernorm.weight"]!)
        }
        finalNorm = offsets["model.norm.weight"]!
    }

    /// Runs up to `chunk` rows through the model; then `logits` holds the vocabulary rows of `wanted` (indices into `rows`).
    func run(_ rows: ArraySlice<Row>, wanted: [Int]) {
        let n = rows.count, first = rows.startIndex
        precondition(n <= Self.chunk, "\(n) rows, at most \(Self.chunk)")
        let w = bank.weights.buffer.pointer
        let scale = 1 / Float(c.headDimension).squareRoot()
        let group = c.headCount / c.keyValueHeadCount
        let rowWidth = c.queryWidth + 2 * c.keyValueWidth
        for r in 0..<n { (x.pointer + r * c.hiddenSize).update(from: w + Int(rows[first + r].id) * c.hiddenSize, count: c.hiddenSize) }
        for layer in 0..<c.layerCount {
            let p = bank.layers[layer]
            RMSNorm.forward(
                x.pointer, weight: w + norms[layer].input, rows: n, width: c.hiddenSize, epsilon: c.rmsNormEpsilon, into: normed.pointer, rstd: rstd.pointer)
            bank.forward(p.queryKeyValue, normed.pointer, rows: n, into: qkv.pointer)
            for r in 0..<n {
                let row = rows[first + r], q = qkv.pointer + r * rowWidth
                rotary.apply(q, heads: c.headCount + c.keyValueHeadCount, position: row.position)
                cache.write(slot: row.slot, layer: layer, position: row.position, keys: q + c.queryWidth, values: q + c.queryWidth + c.keyValueWidth)
            }
            for r in 0..<n {
                let row = rows[first + r], q = qkv.pointer + r * rowWidth
                for head in 0..<c.headCount {
                    cache.attend(
                        slot: row.slot, layer: layer, head: head / group, position: row.position, query: q + head * c.headDimension, scale: scale,
                        scores: scores.pointer, into: attended.pointer + r * c.queryWidth + head * c.headDimension)
                }
            }
            bank.forward(p.output, attended.pointer, rows: n, into: x.pointer, accumulate: true)
            RMSNorm.forward(
                x.pointer, weight: w + norms[layer].middle, rows: n, width: c.hiddenSize, epsilon: c.rmsNormEpsilon, into: normed.pointer, rstd: rstd.pointer)
            bank.forward(p.gateUp, normed.pointer, rows: n, into: gateUp.pointer)
            SwiGLU.forward(gateUp.pointer, rows: n, width: c.intermediateSize, into: activation.pointer)
            bank.forward(p.down, activation.pointer, rows: n, into: x.pointer, accumulate: true)
        }
        for (k, r) in wanted.enumerated() { (gathered.pointer + k * c.hiddenSize).update(from: x.pointer + r * c.hiddenSize, count: c.hiddenSize) }
        RMSNorm.forward(
            gathered.pointer, weight: w + finalNorm, rows: wanted.count, width: c.hiddenSize, epsilon: c.rmsNormEpsilon, into: hidden.pointer,
            rstd: rstd.pointer)
        bank.forward(bank.head, hidden.pointer, rows: wanted.count, into: logits.pointer)
    }
}

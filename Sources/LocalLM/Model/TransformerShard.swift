import ModelFiles

/// One shard's forward and backward pass through the decoder, over packed sequences.
///
/// x_0 = E[ids]; then the layers (`TransformerShard+Layer.swift`); at the target rows h = norm(x_L). Of the last
/// layer's output only the target rows are read, so everything in it after the attention is computed for them alone:
/// with short answers to long prompts most of that layer. Every activation that the backward pass reads lives in
/// buffers that grow to the largest batch seen and are then reused: a step in the steady state allocates nothing.
///
/// Inference computes the same model in another way, from packed weights and a cache: `Decoder`. A change of the
/// architecture belongs in both.
///
/// `@unchecked Sendable`: each shard belongs to one worker at a time.
final class TransformerShard: @unchecked Sendable {
    let bank: ProjectionBank
    let products: ProjectionPass
    let configuration: ModelConfiguration
    let attentions: [CausalAttention]
    let norm: RMSNorm
    let headNorm: RMSNorm
    let rotary: RotaryEmbedding
    let head: VocabularyHead
    /// Nil where the weights are frozen.
    let gradients: WeightGradients?
    let adapter: AdapterPass?
    /// Where everything between its matrices is bf16. What matrices multiply is then kept rounded.
    let feedForward: HalfFeedForward?
    var batch = PackedBatch()
    /// Where this shard has a part of a sequence: all of its parts, and which of them it is.
    var parts: (all: SequenceParts, index: Int)?
    private(set) var earlierRows = FloatBuffer(count: 0), earlierGradient = FloatBuffer(count: 0)

    /// Outputs, one per target row, in the order of the batch.
    private(set) var logprobs = FloatBuffer(count: 0)
    /// Weights of the target rows in the loss: set by the trainer before `backward`.
    private(set) var lossWeights = FloatBuffer(count: 0)

    private(set) var layers: [LayerActivations] = []
    let memory: ActivationMemory
    var keepsProbabilities: Bool { memory == .keep }
    private var capacity = (tokens: 0, targets: 0, probabilities: 0, attentionScratch: 0)
    private var output = FloatBuffer(count: 0)  // x_L at the target rows
    private var hidden = FloatBuffer(count: 0), hiddenRstd = FloatBuffer(count: 0)
    private var dHidden = FloatBuffer(count: 0)
    private var logits = FloatBuffer(count: 0)
    private(set) var dx = FloatBuffer(count: 0), dNormed = FloatBuffer(count: 0), dWide = FloatBuffer(count: 0),
        dNarrow = FloatBuffer(count: 0)
    /// Only where the family has post-norms.
    private(set) var dBranch = FloatBuffer(count: 0)
    private(set) var attentionScratch = FloatBuffer(count: 0)
    let headScratch: FloatBuffer

    /// Trains the adapter where there is one, else the weights, into `gradients`, or a buffer of its own.
    init(
        bank: ProjectionBank,
        rotary: RotaryEmbedding,
        memory: ActivationMemory = .keep,
        adapter: Adapter? = nil,
        gradients: WeightGradients? = nil
    ) {
        self.bank = bank
        products = ProjectionPass(bank)
        self.rotary = rotary
        self.memory = memory
        let c = bank.weights.configuration
        configuration = c
        attentions = (0..<c.layerCount).map { CausalAttention(c, layer: $0, precision: bank.precision) }
        norm = RMSNorm(c, width: c.hiddenSize)
        headNorm = RMSNorm(c, width: c.headDimension)
        head = VocabularyHead(c)
        self.adapter = adapter.map(AdapterPass.init)
        feedForward = HalfFeedForward(bank, trainsAdapter: adapter != nil)
        self.gradients =
            adapter == nil ? gradients ?? WeightGradients(FloatBuffer(count: bank.weights.layout.count)) : nil
        headScratch = FloatBuffer(count: c.queryWidth + c.keyValueWidth)
    }

    private func reserve() {
        let c = configuration
        let probabilities =
            keepsProbabilities
            ? batch.sequences.reduce(0) { $0 + (attentions.first?.probabilityCount($1) ?? 0) } : 0
        let attentionNeed = batch.sequences.map { attentions.first?.scratchCount($0) ?? 0 }.max() ?? 0
        if batch.tokenCount > capacity.tokens || probabilities > capacity.probabilities {
            // Some room to grow, so that ragged batches do not allocate each time; large models have none to give away.
            let n = max(memory == .keep ? batch.tokenCount * 9 / 8 : batch.tokenCount, capacity.tokens)
            let p = max(probabilities * 9 / 8, capacity.probabilities)
            capacity.tokens = n
            capacity.probabilities = p
            func buffer(_ width: Int) -> FloatBuffer { FloatBuffer(count: n * width) }
            layers = []
            for _ in 0..<c.layerCount {
                layers.append(
                    LayerActivations(
                        c,
                        tokens: n,
                        probabilities: p,
                        memory: memory,
                        isHalf: feedForward != nil,
                        first: layers.first
                    )
                )
            }
            output = buffer(c.hiddenSize)
            dx = buffer(c.hiddenSize)
            dNormed = buffer(c.hiddenSize)
            dBranch = buffer(c.hasPostNorms ? c.hiddenSize : 0)
            let unit = feedForward == nil ? c.intermediateSize : 0
            dWide = buffer(max(2 * unit, c.attentionRowWidth))
            dNarrow = buffer(max(unit, c.queryWidth))
        }
        adapter?.reserve(rows: batch.tokenCount)
        if batch.targetCount > capacity.targets {
            capacity.targets = batch.targetCount * 9 / 8
            func buffer(_ width: Int) -> FloatBuffer { FloatBuffer(count: capacity.targets * width) }
            hidden = buffer(c.hiddenSize)
            hiddenRstd = buffer(1)
            dHidden = buffer(c.hiddenSize)
            logprobs = buffer(1)
            lossWeights = buffer(1)
        }
        let earlier = (batch.sequences.first?.earlier ?? 0) * 2 * c.keyValueWidth
        if earlier > earlierRows.count {
            earlierRows = FloatBuffer(count: earlier)
            earlierGradient = FloatBuffer(count: earlier)
        }
        if logits.count == 0 { logits = FloatBuffer(count: head.logitsCount) }
        if attentionNeed > capacity.attentionScratch {
            capacity.attentionScratch = attentionNeed
            attentionScratch = FloatBuffer(count: attentionNeed)
        }
    }

    /// Runs the decoder over `batch` up to the normalised hidden states of the target rows.
    func forward() {
        reserve()
        let c = configuration
        guard batch.tokenCount > 0 else { return }
        let first = layers.first?.input.pointer ?? output.pointer
        for (row, id) in batch.ids.enumerated() {
            let x = first + row * c.hiddenSize
            bank.weights.embed(Int(id), into: x)
            if c.embeddingScale != 1 { VectorMath.scale(x, c.embeddingScale, c.hiddenSize) }
        }
        for index in layers.indices {
            forward(layer: index, into: index + 1 < layers.count ? layers[index + 1].input : output)
        }
        norm.forward(
            output.pointer,
            weight: bank.weights.vector(bank.weights.layout.finalNorm),
            rows: batch.targetCount,
            into: hidden.pointer,
            rstd: hiddenRstd.pointer
        )
    }

    /// After `forward`: fills `logprobs` without gradients.
    func score() {
        batch.targets.withUnsafeBufferPointer { targets in
            guard let base = targets.baseAddress else { return }
            head.logprobs(
                hidden.pointer,
                targets: base,
                rows: targets.count,
                products: products,
                logits: logits.pointer,
                into: logprobs.pointer
            )
        }
    }

    /// After `forward` with `lossWeights` set: fills `logprobs` and adds d(-sum weight logprob) to `gradients`.
    func backward() {
        let c = configuration, n = batch.tokenCount, m = batch.targetCount
        guard n > 0, m > 0 || parts != nil else { return }
        batch.targets.withUnsafeBufferPointer { targets in
            head.forwardBackward(
                hidden.pointer,
                // A part may be without targets; it then reads none.
                targets: targets.baseAddress ?? UnsafePointer(bitPattern: MemoryLayout<Int32>.stride)!,
                weights: lossWeights.pointer,
                rows: m,
                products: products,
                logits: logits.pointer,
                into: logprobs.pointer,
                dHidden: dHidden.pointer,
                gradients: gradients
            )
        }
        dx.pointer.update(repeating: 0, count: m * c.hiddenSize)
        let finalNorm = bank.weights.layout.finalNorm
        backwardNorm(
            norm,
            dHidden.pointer,
            output.pointer,
            finalNorm,
            hiddenRstd.pointer,
            rows: m,
            addingTo: dx.pointer
        )
        for index in layers.indices.reversed() { backward(layer: index) }
        // As in transformers (`nn.Embedding(padding_idx:)`), looking up the pad token trains nothing, also where a
        // model uses its turn terminator as pad; as a target of a tied head it is trained like any other.
        gradients?.add(after: c.tiesEmbeddings ? gradients.map { $0.headWrites(own: headWrites) - 1 } : nil) { g in
            for (row, id) in batch.ids.enumerated() where Int(id) != c.padTokenID ?? -1 {
                VectorMath.accumulate(
                    g + Int(id) * c.hiddenSize,
                    c.embeddingScale,
                    dx.pointer + row * c.hiddenSize,
                    c.hiddenSize
                )
            }
        }
    }

    /// Times that `backward` adds to the head's gradient.
    var headWrites: Int { batch.tokenCount == 0 ? 0 : max(1, head.chunks(rows: batch.targetCount)) }

    // MARK: What layers are made of

    /// What a matrix multiplies, in a buffer of this shard's layers.
    func operand(_ x: FloatBuffer) -> ActivationRows { feedForward == nil ? .single(x.pointer) : .half(x.halves) }

    /// y (+)= x W^T, and what the adapter adds to it.
    func forward(_ p: Projection, _ x: FloatBuffer, rows: Int, into y: FloatBuffer, accumulate: Bool = false) {
        guard rows > 0 else { return }
        products.forward(p, operand(x), rows: rows, into: y.pointer, accumulate: accumulate)
        adapter?.forward(p, x.pointer, rows: rows, addingTo: y.pointer)
    }

    /// dW += dy^T x, over slices of their rows one after another, or the adapter's gradients; dx = dy W, and what the
    /// adapter adds.
    func backward(
        _ p: Projection,
        _ dy: FloatBuffer,
        _ x: FloatBuffer,
        rows: Int,
        _ slices: [Range<Int>],
        into dx: FloatBuffer
    ) {
        guard rows > 0 else {
            gradients?.add { _ in }
            return
        }
        let gradient = products.outputGradient(p, dy.pointer, rows: rows), operand = operand(x)
        gradients?.add { g in
            for slice in slices { products.backwardWeight(p, gradient, operand, rows: slice, into: g + p.offset) }
        }
        products.backwardInput(p, gradient, rows: rows, into: dx.pointer)
        adapter?.backward(p, dy.pointer, x.pointer, rows: rows, addingTo: dx.pointer)
    }

    /// The backward pass of the norm whose weight lies at `offset`.
    func backwardNorm(
        _ norm: RMSNorm,
        _ dy: UnsafePointer<Float>,
        _ x: UnsafePointer<Float>,
        _ offset: Int,
        _ rstd: UnsafePointer<Float>,
        rows: Int,
        addingTo dx: UnsafeMutablePointer<Float>
    ) {
        let weight = bank.weights.vector(offset)
        addGradient { g in
            norm.backward(dy, x, weight: weight, rstd: rstd, rows: rows, addingTo: dx, g.map { $0 + offset })
        }
    }

    /// Work that also makes a gradient: the base's, or nil where it is frozen.
    func addGradient(_ body: (UnsafeMutablePointer<Float>?) -> Void) {
        guard let gradients else { return body(nil) }
        gradients.add { body($0) }
    }

    /// The target rows of `x`, one after the other; `to` may be `x` itself, for rows only move up.
    func keepTargets<T>(of x: UnsafePointer<T>, width: Int, in to: UnsafeMutablePointer<T>) {
        for (k, row) in batch.targetRows.enumerated() where x != UnsafePointer(to) || k != Int(row) {
            (to + k * width).update(from: x + Int(row) * width, count: width)
        }
    }

    func keepTargets(of x: ActivationRows, width: Int) {
        switch x {
        case .single(let x): keepTargets(of: x, width: width, in: x)
        case .half(let x): keepTargets(of: x, width: width, in: x)
        }
    }

    /// The opposite: row k moves to the k-th target's place, every other row becomes 0.
    func spreadTargets<T: Numeric>(in x: UnsafeMutablePointer<T>, width: Int) {
        var end = batch.tokenCount
        for (k, row) in batch.targetRows.enumerated().reversed() {
            let place = Int(row)
            (x + (place + 1) * width).update(repeating: 0, count: (end - place - 1) * width)
            if place != k { (x + place * width).update(from: x + k * width, count: width) }
            end = place
        }
        x.update(repeating: 0, count: end * width)
    }

    func spreadTargets(in x: ActivationRows, width: Int) {
        switch x {
        case .single(let x): spreadTargets(in: x, width: width)
        case .half(let x): spreadTargets(in: x, width: width)
        }
    }

    /// The target rows that fall into each slice of `Panels.multiplyTransposed`. Sums over them in these groups have
    /// the bits of the sums over all rows; the other rows are 0.
    var targetSlices: [Range<Int>] {
        var slices: [Range<Int>] = []
        var start = 0
        for (k, row) in batch.targetRows.enumerated()
        where k > start && Int(row) / Panels.slice != Int(batch.targetRows[start]) / Panels.slice {
            slices.append(start..<k)
            start = k
        }
        return slices + [start..<batch.targetCount]
    }
}

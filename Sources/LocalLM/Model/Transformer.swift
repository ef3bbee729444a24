/// One shard's forward and backward pass through the decoder, over packed sequences.
///
/// x_0 = E[ids]; per layer x' = x + Wo attention(rope(Wqkv norm(x))), x'' = x' + Wdown swiglu(Wgateup norm(x'));
/// at the target rows h = norm(x_L). Of the last layer's output only the target rows are read, so everything in it behind the
/// attention is computed for them alone: with short answers to long prompts most of that layer. Every activation that the backward pass reads lives in buffers that grow to the
/// largest batch seen and are then reused: a step in the steady state allocates nothing.
/// `@unchecked Sendable`: each shard belongs to one worker at a time.
final class TransformerShard: @unchecked Sendable {
    let bank: ProjectionBank
    let configuration: ModelConfiguration
    let attention: CausalAttention
    let rotary: RotaryEmbedding
    let head: VocabularyHead
    /// Gradients in the weights' layout. Cleared by the trainer.
    let gradients: FloatBuffer
    var batch = PackedBatch()

    /// Outputs, one per target row, in the order of the batch.
    private(set) var logprobs = FloatBuffer(count: 0)
    /// Weights of the target rows in the loss: set by the trainer before `backward`.
    private(set) var lossWeights = FloatBuffer(count: 0)

    private struct LayerActivations {
        var input, normed, qkv, probabilities, attended, middle, middleNormed, gateUp, activation: FloatBuffer
        var rstd, middleRstd: FloatBuffer
    }

    private struct NormOffsets {
        var input, middle: Int
    }

    private var layers: [LayerActivations] = []
    private var norms: [NormOffsets] = []
    private var finalNorm = 0
    private var capacity = (tokens: 0, targets: 0, probabilities: 0, attentionScratch: 0)
    private var output = FloatBuffer(count: 0)  // x_L at the target rows
    private var hidden = FloatBuffer(count: 0), hiddenRstd = FloatBuffer(count: 0)
    private var dHidden = FloatBuffer(count: 0)
    private var logits = FloatBuffer(count: 0)
    private var dx = FloatBuffer(count: 0), dNormed = FloatBuffer(count: 0), dWide = FloatBuffer(count: 0), dNarrow = FloatBuffer(count: 0)
    private var attentionScratch = FloatBuffer(count: 0)
    private let scratch: FloatBuffer

    init(bank: ProjectionBank, rotary: RotaryEmbedding) {
        self.bank = bank
        self.rotary = rotary
        let c = bank.weights.configuration
        configuration = c
        attention = CausalAttention(heads: c.headCount, keyValueHeads: c.keyValueHeadCount, headDimension: c.headDimension)
        head = VocabularyHead(c)
        gradients = FloatBuffer(count: bank.weights.layout.count)
        scratch = FloatBuffer(count: bank.scratchCount)
        let tensors = bank.weights.layout.tensors
        let offsets = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.offset) })
        norms = (0..<c.layerCount).map {
            NormOffsets(
                input: offsets["model.layers.\($0).input_layernorm.weight"]!,
                middle: offsets["model.layers.\($0).post_attention_layernorm.weight"]!)
        }
        finalNorm = offsets["model.norm.weight"]!
    }

    private func reserve() {
        let c = configuration
        let probabilities = batch.sequences.reduce(0) { $0 + attention.probabilityCount(length: $1.length) }
        let attentionNeed = attention.scratchCount(length: batch.longest)
        if batch.tokenCount > capacity.tokens || probabilities > capacity.probabilities {
            let n = max(batch.tokenCount * 9 / 8, capacity.tokens)
            let p = max(probabilities * 9 / 8, capacity.probabilities)
            capacity.tokens = n
            capacity.probabilities = p
            func buffer(_ width: Int) -> FloatBuffer { FloatBuffer(count: n * width) }
            layers = []
            for _ in 0..<c.layerCount {
                layers.append(
                    LayerActivations(
                        input: buffer(c.hiddenSize), normed: buffer(c.hiddenSize), qkv: buffer(attention.rowWidth),
                        probabilities: FloatBuffer(count: p), attended: buffer(c.queryWidth), middle: buffer(c.hiddenSize),
                        middleNormed: buffer(c.hiddenSize), gateUp: buffer(2 * c.intermediateSize), activation: buffer(c.intermediateSize),
                        rstd: buffer(1), middleRstd: buffer(1)))
            }
            output = buffer(c.hiddenSize)
            dx = buffer(c.hiddenSize)
            dNormed = buffer(c.hiddenSize)
            dWide = buffer(max(2 * c.intermediateSize, attention.rowWidth))
            dNarrow = buffer(max(c.intermediateSize, c.queryWidth))
        }
        if batch.targetCount > capacity.targets {
            capacity.targets = batch.targetCount * 9 / 8
            func buffer(_ width: Int) -> FloatBuffer { FloatBuffer(count: capacity.targets * width) }
            hidden = buffer(c.hiddenSize)
            hiddenRstd = buffer(1)
            dHidden = buffer(c.hiddenSize)
            logprobs = buffer(1)
            lossWeights = buffer(1)
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
        let c = configuration, n = batch.tokenCount, w = bank.weights.buffer.pointer
        guard n > 0 else { return }
        let embedding = w  // the first tensor of the layout
        let first = layers.first?.input.pointer ?? output.pointer
        for (row, id) in batch.ids.enumerated() {
            (first + row * c.hiddenSize).update(from: embedding + Int(id) * c.hiddenSize, count: c.hiddenSize)
        }
        for (index, a) in layers.enumerated() {
            let p = bank.layers[index]
            let next = index + 1 < layers.count ? layers[index + 1].input : output
            RMSNorm.forward(
                a.input.pointer, weight: w + norms[index].input, rows: n, width: c.hiddenSize, epsilon: c.rmsNormEpsilon, into: a.normed.pointer,
                rstd: a.rstd.pointer)
            bank.forward(p.queryKeyValue, a.normed.pointer, rows: n, into: a.qkv.pointer)
            rotate(a.qkv.pointer, backward: false)
            var probability = a.probabilities.pointer
            for (start, length) in batch.sequences {
                attention.forward(
                    a.qkv.pointer + start * attention.rowWidth, length: length, into: a.attended.pointer + start * c.queryWidth,
                    probabilities: probability, scratch: attentionScratch.pointer)
                probability += attention.probabilityCount(length: length)
            }
            let isLast = index + 1 == layers.count
            let rows = isLast ? batch.targetCount : n
            if isLast {
                keepTargets(of: a.attended.pointer, width: c.queryWidth, in: a.attended.pointer)
                keepTargets(of: a.input.pointer, width: c.hiddenSize, in: a.middle.pointer)
            } else {
                a.middle.pointer.update(from: a.input.pointer, count: n * c.hiddenSize)
            }
            bank.forward(p.output, a.attended.pointer, rows: rows, into: a.middle.pointer, accumulate: true)
            RMSNorm.forward(
                a.middle.pointer, weight: w + norms[index].middle, rows: rows, width: c.hiddenSize, epsilon: c.rmsNormEpsilon, into: a.middleNormed.pointer,
                rstd: a.middleRstd.pointer)
            bank.forward(p.gateUp, a.middleNormed.pointer, rows: rows, into: a.gateUp.pointer)
            SwiGLU.forward(a.gateUp.pointer, rows: rows, width: c.intermediateSize, into: a.activation.pointer)
            next.pointer.update(from: a.middle.pointer, count: rows * c.hiddenSize)
            bank.forward(p.down, a.activation.pointer, rows: rows, into: next.pointer, accumulate: true)
        }
        RMSNorm.forward(
            output.pointer, weight: w + finalNorm, rows: batch.targetCount, width: c.hiddenSize, epsilon: c.rmsNormEpsilon, into: hidden.pointer,
            rstd: hiddenRstd.pointer)
    }

    /// After `forward`: fills `logprobs` without gradients.
    func score() {
        batch.targets.withUnsafeBufferPointer { targets in
            guard let base = targets.baseAddress else { return }
            head.logprobs(hidden.pointer, targets: base, rows: targets.count, bank: bank, logits: logits.pointer, into: logprobs.pointer)
        }
    }

    /// Logits of one target row (after `forward`), for those who ask for the whole vocabulary.
    func logits(ofTargetRow row: Int) -> [Float] {
        bank.forward(bank.head, hidden.pointer + row * configuration.hiddenSize, rows: 1, into: logits.pointer)
        return Array(UnsafeBufferPointer(start: logits.pointer, count: configuration.vocabularySize))
    }

    /// After `forward` with `lossWeights` set: fills `logprobs` and adds d(-sum weight logprob) to `gradients`.
    func backward() {
        let c = configuration, n = batch.tokenCount, m = batch.targetCount, w = bank.weights.buffer.pointer
        guard n > 0, m > 0 else { return }
        let g = gradients.pointer
        batch.targets.withUnsafeBufferPointer { targets in
            head.forwardBackward(
                hidden.pointer, targets: targets.baseAddress!, weights: lossWeights.pointer, rows: m, bank: bank, logits: logits.pointer,
                into: logprobs.pointer, dHidden: dHidden.pointer, gradients: gradients, scratch: scratch.pointer)
        }
        dx.pointer.update(repeating: 0, count: m * c.hiddenSize)
        RMSNorm.backward(
            dHidden.pointer, output.pointer, weight: w + finalNorm, rstd: hiddenRstd.pointer, rows: m, width: c.hiddenSize,
            addingTo: dx.pointer, g + finalNorm)
        let targetSlices = targetSlices
        for index in layers.indices.reversed() {
            let a = layers[index], p = bank.layers[index]
            let isLast = index + 1 == layers.count
            let rows = isLast ? m : n, slices = isLast ? targetSlices : [0..<n]
            func backwardWeight(_ p: Projection, _ dy: FloatBuffer, _ x: FloatBuffer) {
                for slice in slices {
                    bank.backwardWeight(
                        p, dy.pointer + slice.lowerBound * p.outputs, x.pointer + slice.lowerBound * p.inputs, rows: slice.count, gradients: gradients,
                        scratch: scratch.pointer)
                }
            }
            // x'' = x' + Wdown act
            backwardWeight(p.down, dx, a.activation)
            bank.backwardInput(p.down, dx.pointer, rows: rows, into: dNarrow.pointer)
            SwiGLU.backward(dNarrow.pointer, a.gateUp.pointer, rows: rows, width: c.intermediateSize, into: dWide.pointer)
            backwardWeight(p.gateUp, dWide, a.middleNormed)
            bank.backwardInput(p.gateUp, dWide.pointer, rows: rows, into: dNormed.pointer)
            RMSNorm.backward(
                dNormed.pointer, a.middle.pointer, weight: w + norms[index].middle, rstd: a.middleRstd.pointer, rows: rows, width: c.hiddenSize,
                addingTo: dx.pointer, g + norms[index].middle)
            // x' = x + Wo attention
            backwardWeight(p.output, dx, a.attended)
            bank.backwardInput(p.output, dx.pointer, rows: rows, into: dNarrow.pointer)
            if isLast {
                spreadTargets(in: dNarrow.pointer, width: c.queryWidth)
                spreadTargets(in: dx.pointer, width: c.hiddenSize)
            }
            var probability = a.probabilities.pointer
            for (start, length) in batch.sequences {
                attention.backward(
                    dNarrow.pointer + start * c.queryWidth, a.qkv.pointer + start * attention.rowWidth, probabilities: probability, length: length,
                    into: dWide.pointer + start * attention.rowWidth, scratch: attentionScratch.pointer)
                probability += attention.probabilityCount(length: length)
            }
            rotate(dWide.pointer, backward: true)
            bank.backwardWeight(p.queryKeyValue, dWide.pointer, a.normed.pointer, rows: n, gradients: gradients, scratch: scratch.pointer)
            bank.backwardInput(p.queryKeyValue, dWide.pointer, rows: n, into: dNormed.pointer)
            RMSNorm.backward(
                dNormed.pointer, a.input.pointer, weight: w + norms[index].input, rstd: a.rstd.pointer, rows: n, width: c.hiddenSize,
                addingTo: dx.pointer, g + norms[index].input)
        }
        // As in transformers (`nn.Embedding(padding_idx:)`), looking up the pad token trains nothing, also where a model uses its turn
        // terminator as pad; as a target of a tied head it is trained like any other.
        for (row, id) in batch.ids.enumerated() where Int(id) != c.padTokenID ?? -1 {
            VectorMath.add(g + Int(id) * c.hiddenSize, dx.pointer + row * c.hiddenSize, c.hiddenSize)
        }
    }

    /// The target rows of `x`, one behind the other; `to` may be `x` itself, for rows only move up.
    private func keepTargets(of x: UnsafePointer<Float>, width: Int, in to: UnsafeMutablePointer<Float>) {
        for (k, row) in batch.targetRows.enumerated() where x != UnsafePointer(to) || k != Int(row) {
            (to + k * width).update(from: x + Int(row) * width, count: width)
        }
    }

    /// The opposite: row k moves to the k-th target's place, every other row becomes 0.
    private func spreadTargets(in x: UnsafeMutablePointer<Float>, width: Int) {
        var end = batch.tokenCount
        for (k, row) in batch.targetRows.enumerated().reversed() {
            let place = Int(row)
            (x + (place + 1) * width).update(repeating: 0, count: (end - place - 1) * width)
            if place != k { (x + place * width).update(from: x + k * width, count: width) }
            end = place
        }
        x.update(repeating: 0, count: end * width)
    }

    /// The target rows that fall into each slice of `Panels.multiplyTransposed`. Sums over them in these groups have the bits of the
    /// sums over all rows, of which the others are 0.
    private var targetSlices: [Range<Int>] {
        var slices: [Range<Int>] = []
        var start = 0
        for (k, row) in batch.targetRows.enumerated() where k > start && Int(row) / Panels.slice != Int(batch.targetRows[start]) / Panels.slice {
            slices.append(start..<k)
            start = k
        }
        return slices + [start..<batch.targetCount]
    }

    private func rotate(_ qkv: UnsafeMutablePointer<Float>, backward: Bool) {
        let heads = configuration.headCount + configuration.keyValueHeadCount
        for (start, length) in batch.sequences {
            for t in 0..<length {
                rotary.apply(qkv + (start + t) * attention.rowWidth, heads: heads, position: t, backward: backward)
            }
        }
    }
}

import ModelFiles

/// What SFT and DPO share: shards with their gradients, the reduction, clipping, and the optimizer.
///
/// A global batch is split over `threads` shards by token count, each shard runs forward and backward on a core of its
/// own, gradients are added in the order of the shards. So the bytes of a model depend on the number of shards, and on
/// nothing that happens at run time.
///
/// What is trained is the weights, or an adapter while the weights stay as they are.
final class TrainingEngine: @unchecked Sendable {
    let weights: any ModelParameters
    /// Whether a pair's common beginning passes through the model once. Tests compare both.
    var sharesPrompts: Bool
    /// Whether several shards compute a long sequence together, where a batch has fewer than there are shards. The same
    /// models do; tests compare both.
    var cutsSequences: Bool
    let adapter: Adapter?
    let settings: OptimizationSettings
    let shards: [TransformerShard]
    let pool: WorkerPool
    private let bank: ProjectionBank
    private let adam: AdamW
    private let muon: Muon?
    private let muonScratch: [Muon.Scratch]
    private let muonShares: [[TensorSpecification]]
    private let adamShares: [[(range: Range<Int>, decays: Bool)]]
    private let trained: FloatBuffer
    /// Of what is trained: all shards' own, or the one that they share.
    private let gradients: [FloatBuffer]
    private let turns: GradientTurns?
    private(set) var step = 0

    /// - Parameters:
    ///   - memory: nil: as the model's size asks for.
    ///   - sizedAs: parameters of the model that this is a part of, which then decide what its size would.
    init(
        weights: any ModelParameters,
        adapter: Adapter? = nil,
        settings: OptimizationSettings,
        precision: Precision,
        threads: Int,
        memory: ActivationMemory? = nil,
        sizedAs: Int? = nil
    ) throws {
        try settings.validate()
        guard let trained = adapter?.buffer ?? (weights as? Weights)?.buffer else {
            throw LocalLMError(.input, "frozen weights without an adapter to train")
        }
        self.trained = trained
        try (weights as? FrozenWeights)?.requireFinite()
        self.weights = weights
        self.adapter = adapter
        self.settings = settings
        let c = weights.configuration
        pool = WorkerPool(threads: threads)
        let size = sizedAs ?? weights.parameterCount
        bank = ProjectionBank(weights, precision: precision, backend: MatrixBackend.choose(parameters: size, precision))
        sharesPrompts = Self.sharesPrompts(parameters: size, precision)
        cutsSequences = sharesPrompts
        let rotary = RotaryEmbedding(c)
        let bank = bank
        let memory = memory ?? Self.memory(parameters: size)
        let sharesGradients = Self.sharesGradients(parameters: size) && adapter == nil
        turns = sharesGradients ? GradientTurns(shards: pool.count) : nil
        let shared = sharesGradients ? FloatBuffer(count: weights.layout.count) : nil
        let turns = turns
        shards = (0..<pool.count).map { index in
            TransformerShard(
                bank: bank,
                rotary: rotary,
                memory: memory,
                adapter: adapter,
                gradients: shared.map { WeightGradients($0, turns: turns, shard: index) }
            )
        }
        gradients = shared.map { [$0] } ?? shards.map(\.trainedGradients)
        let tensors = adapter?.layout.tensors ?? weights.layout.tensors,
            count = adapter?.buffer.count ?? weights.layout.count
        let usesMuon = settings.optimizer == .muon
        adam = AdamW(count: count, beta1: settings.beta1, beta2: usesMuon ? 0.98 : settings.beta2)
        let matrices = usesMuon ? tensors.filter { $0.role == .matrix } : []
        muon = usesMuon ? Muon(count: count) : nil
        muonScratch = usesMuon ? (0..<pool.count).map { _ in Muon.Scratch(tensors: matrices) } : []
        muonShares = Self.share(matrices, among: pool.count) { spec in
            let n = min(spec.shape[0], spec.shape[1])
            return n * n * (9 * n + 4 * max(spec.shape[0], spec.shape[1]))
        }
        let rest = usesMuon ? tensors.filter { $0.role != .matrix } : tensors
        let pieces = rest.flatMap { tensor in
            stride(from: tensor.offset, to: tensor.offset + tensor.count, by: 65_536).map {
                (range: $0..<min($0 + 65_536, tensor.offset + tensor.count), decays: tensor.role.decays)
            }
        }
        adamShares = Self.share(pieces, among: pool.count) { $0.range.count }
    }

    deinit { pool.close() }

    // Small models keep all that they have: time counts. Of large ones, memory does.

    static func memory(parameters: Int) -> ActivationMemory { isLarge(parameters) ? .compact : .keep }
    static func sharesGradients(parameters: Int) -> Bool { isLarge(parameters) }
    /// Sums over a shared prompt are grouped otherwise than over two, so small models in fp32, whose bytes nurseries
    /// record, compute it twice.
    static func sharesPrompts(parameters: Int, _ precision: Precision) -> Bool {
        precision == .bf16 || isLarge(parameters)
    }
    private static func isLarge(_ parameters: Int) -> Bool { parameters > MatrixBackend.panelParameters }

    /// Heaviest first, each to the lightest shard so far; ties to the lower index.
    private static func share<Element>(_ items: [Element], among parts: Int, weight: (Element) -> Int) -> [[Element]] {
        var shares = [[Element]](repeating: [], count: parts)
        var loads = [Int](repeating: 0, count: parts)
        for (_, item) in items.enumerated().sorted(by: {
            (weight($0.element), $1.offset) > (weight($1.element), $0.offset)
        }) {
            let lightest = loads.indices.min { loads[$0] < loads[$1] }!
            shares[lightest].append(item)
            loads[lightest] += weight(item)
        }
        return shares
    }

    /// Splits units (rows, or pairs that stay together) over the shards by token count, keeping their order within a
    /// shard.
    func split(tokens: [Int]) -> [[Int]] {
        Self.share(Array(tokens.indices), among: shards.count) { tokens[$0] }.map { $0.sorted() }
    }

    func clearGradients() {
        pool.run { [self] index in
            for (number, buffer) in gradients.enumerated() where number % pool.count == index { buffer.fill(0) }
        }
    }

    /// Gives every shard its share of a batch; `pass` then runs with each shard on its thread.
    /// - Parameter dropout: number of the pass within the step, where training drops out; nil: nothing is dropped.
    func run(_ batch: [Example], dropout: Int? = nil, _ pass: @escaping @Sendable (Int, TransformerShard) -> Void) {
        for shard in shards { shard.batch.removeAll() }
        let count = shards.count / max(batch.count, 1)
        let attention = CausalAttention(weights.configuration, layer: 0, precision: bank.precision)
        if cutsSequences, count > 1, batch.allSatisfy({ attention.canBeCut(length: $0.ids.count) }) {
            for (number, example) in batch.enumerated() {
                let ranges = cut(example.ids.count, into: count)
                let all = SequenceParts(Array(shards[number * count..<number * count + ranges.count]))
                for (index, range) in ranges.enumerated() {
                    all.shards[index].batch.append(example, part: range)
                    all.shards[index].parts = (all, index)
                }
            }
        } else {
            for (shard, share) in zip(shards, split(tokens: batch.map(\.ids.count))) {
                for row in share { shard.batch.append(batch[row]) }
            }
        }
        run(dropout: dropout, pass)
        for shard in shards { shard.parts = nil }
    }

    /// Rows of the parts of a sequence. Attention does 7 products of a query head's width for each key, more slowly
    /// than the others, of which there are 3 for each weight.
    private func cut(_ length: Int, into parts: Int) -> [Range<Int>] {
        let c = weights.configuration
        return SequenceParts.cut(
            length,
            into: parts,
            row: Double(3 * c.matrixParameterCount),
            key: Double(10 * c.layerCount * c.queryWidth)
        )
    }

    /// Likewise of pairs, whose prompts go through once where they are shared.
    func run(_ shares: [[PreferenceExample]], _ pass: @escaping @Sendable (Int, TransformerShard) -> Void) {
        for (shard, share) in zip(shards, shares) {
            shard.batch.removeAll()
            for pair in share { shard.batch.append(pair, sharingPrompts: sharesPrompts) }
        }
        run(dropout: nil, pass)
    }

    /// Rows of a pair.
    func tokens(_ pair: PreferenceExample) -> Int {
        pair.chosen.ids.count + pair.rejected.ids.count - (sharesPrompts ? pair.sharedCount : 0)
    }

    private func run(dropout: Int?, _ pass: @escaping @Sendable (Int, TransformerShard) -> Void) {
        for (index, shard) in shards.enumerated() {
            shard.adapter?.dropoutKey = dropout.flatMap { number in
                adapter.map {
                    RandomKey.derive(
                        RandomKey.derive(RandomKey.derive($0.seed, "dropout"), UInt64(step)),
                        UInt64(number * shards.count + index)
                    )
                }
            }
        }
        turns?.start(headWrites: shards.map(\.headWrites))
        pool.run { [self] index in pass(index, shards[index]) }
    }

    /// Adds the shards' gradients, clips, updates the weights. Returns the norm before clipping and the rate used.
    func applyGradients() -> (norm: Double, learningRate: Double) {
        step += 1
        let parameters = trained, count = parameters.count
        let chunk = 65_536
        let chunks = (count + chunk - 1) / chunk
        let sums = FloatSums(count: chunks)
        pool.run { [self] index in
            let first = gradients[0].pointer
            var c = index
            while c < chunks {
                let start = c * chunk, length = min(chunk, count - start)
                for other in gradients.dropFirst() { VectorMath.add(first + start, other.pointer + start, length) }
                var sum = 0.0
                var i = 0
                while i < length {  // short dot products, summed in double
                    let n = min(4096, length - i)
                    sum += Double(VectorMath.dot(first + start + i, first + start + i, n))
                    i += n
                }
                sums.values[c] = sum
                c += pool.count
            }
        }
        let norm = sums.total.squareRoot()
        let limit = settings.maximumGradientNorm
        let scale = limit > 0 ? Float(min(1, limit / (norm + 1e-6))) : 1
        let rate = settings.learningRate(step: step)
        let usesMuon = muon != nil
        pool.run { [self] index in
            let first = gradients[0].pointer
            for piece in adamShares[index] {
                adam.update(
                    parameters.pointer,
                    first,
                    range: piece.range,
                    gradientScale: scale,
                    learningRate: usesMuon ? 0.3 * rate : rate,
                    weightDecay: piece.decays ? settings.weightDecay : 0,
                    step: step
                )
            }
            if let muon {
                for tensor in muonShares[index] {
                    muon.update(
                        parameters.pointer,
                        first,
                        tensor: tensor,
                        gradientScale: scale,
                        learningRate: rate,
                        weightDecay: settings.weightDecay,
                        scratch: muonScratch[index]
                    )
                }
            }
        }
        repack()
        return (norm, rate)
    }

    /// Everything that the next step depends on, except its batch and its number.
    var state: [(name: String, buffer: FloatBuffer)] {
        [(adapter == nil ? "weights" : "adapter", trained), ("adamw.first", adam.first), ("adamw.second", adam.second)]
            + (muon.map { [("muon.momentum", $0.momenta)] } ?? [])
    }

    /// Resumes after `step`, once `state` is filled.
    func resume(after step: Int) {
        self.step = step
        repack()
    }

    private func repack() {
        guard adapter == nil else { return }
        pool.run { [self] index in bank.repack(part: index, of: pool.count, step: step) }
    }

    /// Refuses rows that cannot be trained on, before anything is touched.
    func check(_ example: Example) throws {
        let c = weights.configuration
        guard example.targetCount > 0 else {
            throw LocalLMError(
                .input,
                "a row without target tokens",
                hint: "drop rows whose completion is empty or cut off"
            )
        }
        guard example.ids.count <= c.maximumPositions else {
            throw LocalLMError(
                .input,
                "a row of \(example.ids.count) tokens; the model has \(c.maximumPositions) positions",
                hint: "lower the maximum length"
            )
        }
        guard example.ids.allSatisfy({ $0 >= 0 && $0 < c.vocabularySize }) else {
            throw LocalLMError(.input, "a token id outside the vocabulary of \(c.vocabularySize)")
        }
    }
}

extension TransformerShard {
    /// Gradients of what this shard trains.
    fileprivate var trainedGradients: FloatBuffer { adapter?.gradients ?? gradients!.buffer }
}

/// One Double per chunk, each written by one worker.
private final class FloatSums: @unchecked Sendable {
    let values: UnsafeMutableBufferPointer<Double>
    init(count: Int) {
        values = .allocate(capacity: max(count, 1))
        values.initialize(repeating: 0)
    }
    deinit { values.deallocate() }
    var total: Double { values.reduce(0, +) }
}

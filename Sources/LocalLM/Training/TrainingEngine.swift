/// What SFT and DPO share: shards with their gradients, the reduction, clipping, and the optimizer.
///
/// A global batch is split over `threads` shards by token count, each shard runs forward and backward on a core of its
/// own, gradients are added in the order of the shards. So the bytes of a model depend on the number of shards, and on
/// nothing that happens at run time.
final class TrainingEngine: @unchecked Sendable {
    let weights: Weights
    let settings: OptimizationSettings
    let shards: [TransformerShard]
    let pool: WorkerPool
    private let bank: ProjectionBank
    private let adam: AdamW
    private let muon: Muon?
    private let muonScratch: [Muon.Scratch]
    private let muonShares: [[TensorSpecification]]
    private let adamShares: [[(range: Range<Int>, decays: Bool)]]
    private(set) var step = 0

    init(weights: Weights, settings: OptimizationSettings, threads: Int) throws {
        try settings.validate()
        self.weights = weights
        self.settings = settings
        let c = weights.configuration
        pool = WorkerPool(threads: threads)
        bank = ProjectionBank(weights)
        let rotary = RotaryEmbedding(c)
        let bank = bank
        shards = (0..<pool.count).map { _ in TransformerShard(bank: bank, rotary: rotary) }
        let usesMuon = settings.optimizer == .muon
        adam = AdamW(count: weights.layout.count, beta1: settings.beta1, beta2: usesMuon ? 0.98 : settings.beta2)
        let matrices = usesMuon ? weights.layout.tensors.filter { $0.role == .matrix } : []
        muon = usesMuon ? Muon(count: weights.layout.count) : nil
        muonScratch = usesMuon ? (0..<pool.count).map { _ in Muon.Scratch(tensors: matrices) } : []
        muonShares = Self.share(matrices, among: pool.count) { spec in
            let n = min(spec.shape[0], spec.shape[1])
            return n * n * (9 * n + 4 * max(spec.shape[0], spec.shape[1]))
        }
        let rest = usesMuon ? weights.layout.tensors.filter { $0.role != .matrix } : weights.layout.tensors
        let pieces = rest.flatMap { tensor in
            stride(from: tensor.offset, to: tensor.offset + tensor.count, by: 65_536).map {
                (range: $0..<min($0 + 65_536, tensor.offset + tensor.count), decays: tensor.role.decays)
            }
        }
        adamShares = Self.share(pieces, among: pool.count) { $0.range.count }
    }

    deinit { pool.close() }

    /// Heaviest first, each to the lightest shard so far; ties to the lower index.
    private static func share<Element>(_ items: [Element], among parts: Int, weight: (Element) -> Int) -> [[Element]] {
        var shares = [[Element]](repeating: [], count: parts)
        var loads = [Int](repeating: 0, count: parts)
        for (_, item) in items.enumerated().sorted(by: { (weight($0.element), $1.offset) > (weight($1.element), $0.offset) }) {
            let lightest = loads.indices.min { loads[$0] < loads[$1] }!
            shares[lightest].append(item)
            loads[lightest] += weight(item)
        }
        return shares
    }

    /// Splits units (rows, or pairs that stay together) over the shards by token count, keeping their order within a shard.
    func split(tokens: [Int]) -> [[Int]] {
        Self.share(Array(tokens.indices), among: shards.count) { tokens[$0] }.map { $0.sorted() }
    }

    func clearGradients() {
        pool.run { [self] index in shards[index].gradients.fill(0) }
    }

    /// Adds the shards' gradients, clips, updates the weights. Returns the norm before clipping and the rate used.
    func applyGradients() -> (norm: Double, learningRate: Double) {
        step += 1
        let count = weights.layout.count
        let chunk = 65_536
        let chunks = (count + chunk - 1) / chunk
        let sums = FloatSums(count: chunks)
        pool.run { [self] index in
            let first = shards[0].gradients.pointer
            var c = index
            while c < chunks {
                let start = c * chunk, length = min(chunk, count - start)
                for shard in shards.dropFirst() { VectorMath.add(first + start, shard.gradients.pointer + start, length) }
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
            let first = shards[0].gradients.pointer
            for piece in adamShares[index] {
                adam.update(
                    weights.buffer.pointer, first, range: piece.range, gradientScale: scale, learningRate: usesMuon ? 0.3 * rate : rate,
                    weightDecay: piece.decays ? settings.weightDecay : 0, step: step)
            }
            if let muon {
                for tensor in muonShares[index] {
                    muon.update(
                        weights.buffer.pointer, first, tensor: tensor, gradientScale: scale, learningRate: rate,
                        weightDecay: settings.weightDecay, scratch: muonScratch[index])
                }
            }
        }
        pool.run { [self] index in bank.repack(part: index, of: pool.count) }
        return (norm, rate)
    }

    /// Everything that the next step depends on beside its batch and the step's number.
    var state: [(name: String, buffer: FloatBuffer)] {
        [("weights", weights.buffer), ("adamw.first", adam.first), ("adamw.second", adam.second)] + (muon.map { [("muon.momentum", $0.momenta)] } ?? [])
    }

    /// Goes on behind `step`, after `state` was filled.
    func resume(after step: Int) {
        self.step = step
        pool.run { [self] index in bank.repack(part: index, of: pool.count) }
    }

    /// Refuses rows that cannot be trained on, before anything is touched.
    func check(_ example: Example) throws {
        let c = weights.configuration
        guard example.targetCount > 0 else { throw LocalLMError(.input, "a row without target tokens", hint: "drop rows whose completion is empty or cut off") }
        guard example.ids.count <= c.maximumPositions else {
            throw LocalLMError(.input, "a row of \(example.ids.count) tokens; the model has \(c.maximumPositions) positions", hint: "lower the maximum length")
        }
        guard example.ids.allSatisfy({ $0 >= 0 && $0 < c.vocabularySize }) else {
            throw LocalLMError(.input, "a token id outside the vocabulary of \(c.vocabularySize)")
        }
    }
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

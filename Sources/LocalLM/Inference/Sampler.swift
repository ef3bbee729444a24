/// Picks one token from a row of logits. Order as in transformers: temperature, top-k, top-p.
struct Sampler: Sendable {
    let sampling: Sampling
    private var probabilities: [Float]
    private var order: [Int32] = []

    init(_ sampling: Sampling, vocabulary: Int) {
        self.sampling = sampling
        probabilities = [Float](repeating: 0, count: vocabulary)
    }

    /// - Returns: the token and its natural logprob under the unmodified distribution (temperature 1).
    mutating func pick(_ logits: UnsafePointer<Float>, random: inout RandomStream) -> (id: Int, logprob: Float) {
        let count = probabilities.count
        let id = sampling.temperature <= 0 ? Self.highest(logits, count) : draw(logits, random: &random)
        return (id, logits[id] - VectorMath.logSumExp(logits, count))
    }

    /// The highest logit, the lowest id among equals.
    static func highest(_ logits: UnsafePointer<Float>, _ count: Int) -> Int {
        var best = 0
        for i in 1..<max(count, 1) where logits[i] > logits[best] { best = i }
        return best
    }

    private mutating func draw(_ logits: UnsafePointer<Float>, random: inout RandomStream) -> Int {
        let count = probabilities.count
        probabilities.withUnsafeMutableBufferPointer { p in
            p.baseAddress!.update(from: logits, count: count)
            _ = VectorMath.softmax(p.baseAddress!, count, scale: Float(1 / sampling.temperature))
        }
        let u = random.uniform()
        let limitsK = sampling.topK > 0 && sampling.topK < count, limitsP = sampling.topP < 1
        guard limitsK || limitsP else { return pick(at: u * probabilities.reduce(0) { $0 + Double($1) }, among: nil) }
        order = (0..<Int32(count)).sorted { (probabilities[Int($0)], $1) > (probabilities[Int($1)], $0) }
        if limitsK { order.removeLast(count - sampling.topK) }
        var total = order.reduce(0.0) { $0 + Double(probabilities[Int($1)]) }
        if limitsP {
            // The smallest set whose probability, among what is left, reaches top-p.
            var sum = 0.0
            var keep = 0
            while keep < order.count && (keep == 0 || sum < sampling.topP * total) {
                sum += Double(probabilities[Int(order[keep])])
                keep += 1
            }
            order.removeLast(order.count - keep)
            total = sum
        }
        return pick(at: u * total, among: order)
    }

    private func pick(at point: Double, among candidates: [Int32]?) -> Int {
        var sum = 0.0
        var last = 0
        if let candidates {
            for id in candidates {
                sum += Double(probabilities[Int(id)])
                last = Int(id)
                if point < sum { return last }
            }
        } else {
            for id in probabilities.indices {
                sum += Double(probabilities[id])
                if probabilities[id] > 0 { last = id }
                if point < sum { return id }
            }
        }
        return last
    }
}

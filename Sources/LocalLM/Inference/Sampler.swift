/// Picks one token from a row of logits. Order as in transformers: repetition penalty, temperature, top-k, top-p,
/// min-p.
///
/// One thread's: `@unchecked Sendable` for that reason.
final class Sampler: @unchecked Sendable {
    private let count: Int
    /// Logits first, then probabilities; not normalised again for what is left out.
    private let scores: FloatBuffer
    private var blockSums: [Double] = []
    private var candidates: [Int32] = []

    /// Probabilities are summed in blocks, each in the order of the ids: some sums run side by side, and the draw skips
    /// blocks.
    private static let block = 4096

    init(vocabulary: Int) {
        count = vocabulary
        scores = FloatBuffer(count: vocabulary)
    }

    /// - Parameter seen: ids of prompt and answer so far; read only with a repetition penalty.
    /// - Returns: the token and its natural logprob under the unmodified distribution (temperature 1).
    func pick(_ logits: UnsafePointer<Float>, _ sampling: Sampling, seen: Set<Int>, random: inout RandomStream) -> (
        id: Int, logprob: Float
    ) {
        let penalises = sampling.repetitionPenalty != 1, draws = !sampling.isGreedy
        if penalises || draws { scores.pointer.update(from: logits, count: count) }
        if penalises { penalise(seen, Float(sampling.repetitionPenalty)) }
        guard draws else {
            let id = Self.highest(penalises ? UnsafePointer(scores.pointer) : logits, count)
            return (id, logits[id] - VectorMath.logSumExp(logits, count))
        }
        let logSum = VectorMath.softmax(scores.pointer, count, scale: Float(1 / sampling.temperature))
        let id = draw(sampling, at: random.uniform())
        // At temperature 1 the softmax has summed what the logprob needs.
        return (
            id, logits[id] - (penalises || sampling.temperature != 1 ? VectorMath.logSumExp(logits, count) : logSum)
        )
    }

    /// The highest logit, the lowest id among equals.
    static func highest(_ logits: UnsafePointer<Float>, _ count: Int) -> Int {
        let peak = VectorMath.maximum(logits, count)
        return (0..<count).first { logits[$0] == peak } ?? 0
    }

    private func penalise(_ seen: Set<Int>, _ penalty: Float) {
        for id in seen {
            scores.pointer[id] = scores.pointer[id] < 0 ? scores.pointer[id] * penalty : scores.pointer[id] / penalty
        }
    }

    // MARK: Drawing

    private func draw(_ sampling: Sampling, at u: Double) -> Int {
        let limitsK = sampling.topK > 0 && sampling.topK < count, limitsP = sampling.topP < 1
        guard limitsK || limitsP || sampling.minP > 0 else { return pickAmongAll(at: u * sumAll()) }
        let p = UnsafePointer(scores.pointer)
        var total = limitsP && !limitsK ? sumAll() : 0
        if limitsK {
            select { ids, _ in ids >= sampling.topK }
            candidates.removeLast(candidates.count - sampling.topK)
            total = sumCandidates()
        } else if limitsP {
            // A little more than needed: buckets are summed in another order.
            select { _, sum in sum > sampling.topP * total * (1 + 1e-9) }
        }
        if limitsP {
            // The smallest set whose probability, among what is left, reaches top-p.
            var sum = 0.0
            var keep = 0
            while keep < candidates.count && (keep == 0 || sum < sampling.topP * total) {
                sum += Double(p[Int(candidates[keep])])
                keep += 1
            }
            candidates.removeLast(candidates.count - keep)
        }
        if sampling.minP > 0 {
            let threshold = Float(sampling.minP) * VectorMath.maximum(p, count)
            if limitsK || limitsP {
                candidates.removeLast(
                    candidates.count - (candidates.firstIndex { p[Int($0)] < threshold } ?? candidates.count)
                )
            } else {
                collect(from: threshold)
            }
        }
        return pickAmongCandidates(at: u * sumCandidates())
    }

    /// The likeliest ids, best first, the lower id among equals: as many as `suffices` asks for and perhaps some more.
    /// Only they are sorted.
    ///
    /// - Parameter suffices: whether so many ids with so much probability are enough.
    private func select(_ suffices: (_ ids: Int, _ sum: Double) -> Bool) {
        // Buckets by exponent and the first four bits of the mantissa: positive floats are in the order of their bits.
        let shift = UInt32(19), buckets = Int(Float(1).bitPattern >> shift) + 1
        let floor = withUnsafeTemporaryAllocation(of: (ids: Int, sum: Double).self, capacity: buckets) { bucket in
            bucket.initialize(repeating: (0, 0))
            for id in 0..<count {
                let index = min(Int(scores.pointer[id].bitPattern >> shift), buckets - 1)
                bucket[index].ids += 1
                bucket[index].sum += Double(scores.pointer[id])
            }
            var ids = 0
            var sum = 0.0
            var lowest = buckets
            while lowest > 0 && !suffices(ids, sum) {
                lowest -= 1
                ids += bucket[lowest].ids
                sum += bucket[lowest].sum
            }
            return Float(bitPattern: UInt32(lowest) << shift)
        }
        collect(from: floor)
    }

    /// The ids at least this likely, best first.
    private func collect(from floor: Float) {
        let p = UnsafePointer(scores.pointer)
        candidates.removeAll(keepingCapacity: true)
        for id in 0..<count where p[id] >= floor { candidates.append(Int32(id)) }
        candidates.sort { (p[Int($0)], $1) > (p[Int($1)], $0) }
    }

    private func sumCandidates() -> Double { candidates.reduce(0.0) { $0 + Double(scores.pointer[Int($1)]) } }

    private func pickAmongCandidates(at point: Double) -> Int {
        var sum = 0.0
        for id in candidates {
            sum += Double(scores.pointer[Int(id)])
            if point < sum { return Int(id) }
        }
        return Int(candidates.last ?? 0)
    }

    private func sumAll() -> Double {
        let p = UnsafePointer(scores.pointer), block = Self.block
        blockSums.removeAll(keepingCapacity: true)
        var start = 0
        while start + 4 * block <= count {
            var a = 0.0, b = 0.0, c = 0.0, d = 0.0
            for id in start..<start + block {
                a += Double(p[id])
                b += Double(p[id + block])
                c += Double(p[id + 2 * block])
                d += Double(p[id + 3 * block])
            }
            blockSums += [a, b, c, d]
            start += 4 * block
        }
        while start < count {
            var sum = 0.0
            for id in start..<min(start + block, count) { sum += Double(p[id]) }
            blockSums.append(sum)
            start += block
        }
        return blockSums.reduce(0, +)
    }

    /// After `sumAll`.
    private func pickAmongAll(at point: Double) -> Int {
        let p = UnsafePointer(scores.pointer)
        var before = 0.0
        for (index, blockSum) in blockSums.enumerated() {
            if point < before + blockSum {
                var sum = before
                for id in index * Self.block..<min((index + 1) * Self.block, count) {
                    sum += Double(p[id])
                    if point < sum { return id }
                }
            }
            before += blockSum
        }
        return (0..<count).last { p[$0] > 0 } ?? 0
    }
}

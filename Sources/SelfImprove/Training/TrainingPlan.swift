import LocalLM

/// The batches of a training, decided before it starts.
enum TrainingPlan {
    /// Steps of micro-batches of row indices.
    /// - Parameters:
    ///   - lengths: tokens of each row.
    ///   - weights: expected appearances of each row in a pass; used by `.byTokens` alone.
    static func steps(_ batches: TrainingJob.Batches, lengths: [Int], weights: [Double], seed: UInt64) -> [[[Int]]] {
        if lengths.isEmpty { return [] }
        switch batches {
        case .byTokens(let tokens, let epochs, let budget):
            return self.batches(
                lengths: lengths,
                weights: weights,
                batchTokens: tokens,
                epochs: epochs,
                tokens: budget,
                seed: seed
            ).map { [$0] }
        case .onePass(let tokens):
            return BatchPlan.byTokens(lengths: lengths, tokensPerBatch: tokens, seed: seed).map { [$0] }
        case .byRows(let count, let accumulation, let steps, let isShuffled):
            let wanted = steps ?? max(1, (lengths.count + count * accumulation - 1) / (count * accumulation))
            return fixed(lengths.count, count, accumulation, wanted, seed: isShuffled ? seed : nil)
        }
    }

    /// Passes of micro-batches of `size` rows, each in a new order, until there are `wanted` steps.
    /// - Parameter seed: nil keeps the order of the rows.
    private static func fixed(_ rows: Int, _ size: Int, _ accumulation: Int, _ wanted: Int, seed: UInt64?) -> [[[Int]]]
    {
        var steps: [[[Int]]] = []
        var pass: UInt64 = 0
        while steps.count < wanted {
            let batches = BatchPlan.fixed(
                count: rows,
                batchSize: size,
                seed: seed.map { RandomKey.derive($0, pass) }
            )
            steps += stride(from: 0, to: batches.count, by: accumulation).map {
                Array(batches[$0..<min($0 + accumulation, batches.count)])
            }
            pass += 1
        }
        return Array(steps.prefix(wanted))
    }

    /// Passes over weighted rows until `epochs` or `tokens` are used up: a row of weight 1.3 appears once or twice in a
    /// pass, 1.3 times on average. Within a pass batches are of rows of like length, and about `batchTokens` long.
    static func batches(
        lengths: [Int],
        weights: [Double],
        batchTokens: Int,
        epochs: Double?,
        tokens: Int?,
        seed: UInt64
    ) -> [[Int]] {
        precondition(
            lengths.count == weights.count && (epochs == nil) != (tokens == nil),
            "either epochs or tokens rule"
        )
        let expected = zip(lengths, weights).reduce(0.0) { $0 + Double($1.0) * $1.1 }
        guard expected > 0 else { return [] }
        let budget = tokens.map(Double.init) ?? expected * epochs!
        var plan: [[Int]] = []
        var used = 0.0
        var pass: UInt64 = 0
        while used < budget {
            let key = RandomKey.derive(seed, pass)
            var random = RandomStream(key: RandomKey.derive(key, "weights"))
            var rows: [Int] = []
            for (row, weight) in weights.enumerated() {
                let whole = weight.rounded(.down)
                let times = Int(whole) + (random.uniform() < weight - whole ? 1 : 0)
                rows += [Int](repeating: row, count: times)
            }
            pass += 1
            if rows.isEmpty { continue }
            for batch in BatchPlan.byTokens(lengths: rows.map { lengths[$0] }, tokensPerBatch: batchTokens, seed: key) {
                if used >= budget { break }
                plan.append(batch.map { rows[$0] })
                used += Double(batch.reduce(0) { $0 + lengths[rows[$1]] })
            }
        }
        return plan
    }
}

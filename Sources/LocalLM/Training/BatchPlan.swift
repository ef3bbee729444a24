/// Which rows form which batch: decided by lengths and a seed before training starts, never by timing.
public enum BatchPlan {
    /// Batches of about `tokensPerBatch` tokens each, of rows of similar length, in random order; one pass over the
    /// rows.
    ///
    /// Rows are shuffled, sorted by length within windows of 64 batches (so that neighbours are alike but not always
    /// the same ones), cut into batches, and the batches shuffled. A row longer than the budget is a batch of its own.
    public static func byTokens(lengths: [Int], tokensPerBatch: Int, seed: UInt64) -> [[Int]] {
        precondition(tokensPerBatch > 0, "\(tokensPerBatch) tokens per batch")
        var random = RandomStream(key: RandomKey.derive(seed, "batches"))
        var order = Array(lengths.indices)
        random.shuffle(&order)
        let mean = max(1, lengths.reduce(0, +) / max(lengths.count, 1))
        let window = max(1, 64 * tokensPerBatch / mean)
        var batches: [[Int]] = []
        var start = 0
        while start < order.count {
            let slice = order[start..<min(start + window, order.count)].enumerated()
                .sorted { (lengths[$0.element], $0.offset) < (lengths[$1.element], $1.offset) }.map(\.element)
            var batch: [Int] = []
            var tokens = 0
            for row in slice {
                if !batch.isEmpty && tokens + lengths[row] > tokensPerBatch {
                    batches.append(batch)
                    batch = []
                    tokens = 0
                }
                batch.append(row)
                tokens += lengths[row]
            }
            if !batch.isEmpty { batches.append(batch) }
            start += window
        }
        random.shuffle(&batches)
        return batches
    }

    /// Batches of `batchSize` rows, shuffled by `seed`, or in file order without one; the last may be smaller.
    public static func fixed(count: Int, batchSize: Int, seed: UInt64?) -> [[Int]] {
        precondition(batchSize > 0, "batches of \(batchSize) rows")
        var order = Array(0..<count)
        if let seed {
            var random = RandomStream(key: RandomKey.derive(seed, "batches"))
            random.shuffle(&order)
        }
        return stride(from: 0, to: count, by: batchSize).map { Array(order[$0..<min($0 + batchSize, count)]) }
    }
}

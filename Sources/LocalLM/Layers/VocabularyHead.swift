import ModelFiles

/// The output projection and cross-entropy, in chunks of rows so that the logits of a batch are never in memory at
/// once.
///
/// For a row with hidden state h and target t: logprob = (h E^T)[t] - logsumexp(h E^T). With a weight w per row the
/// loss is L = -sum w logprob, hence dlogits = w (softmax - onehot(t)), dh = dlogits E, dE += dlogits^T h. SFT gives
/// every target the weight 1 / targets of the whole batch; DPO the derivative of its loss. With a softcap (Gemma 2)
/// logits are cap tanh(h E^T / cap), and dlogits pass through 1 - tanh^2.
struct VocabularyHead: Sendable {
    let width: Int
    let vocabulary: Int
    let softcap: Float?
    /// Rows of logits in memory at once.
    let chunk: Int

    init(_ configuration: ModelConfiguration) {
        width = configuration.hiddenSize
        vocabulary = configuration.vocabularySize
        softcap = configuration.finalSoftcap
        // Every chunk streams the whole matrix, and in training its gradient too, through the caches: rows enough to
        // pay for that, in 32 MiB of logits.
        chunk = max(8, min(256, (8 << 20) / configuration.vocabularySize / 8 * 8))
    }

    /// Floats of logits, and of one row more where there is a softcap.
    var logitsCount: Int { (softcap == nil ? chunk : chunk + 1) * vocabulary }

    func chunks(rows: Int) -> Int { (rows + chunk - 1) / chunk }

    /// Logits of rows: N x vocabulary.
    func logits(
        _ hidden: UnsafePointer<Float>,
        rows: Int,
        products: ProjectionPass,
        into logits: UnsafeMutablePointer<Float>
    ) {
        products.forward(products.bank.head, hidden, rows: rows, into: logits)
        guard let softcap else { return }
        for r in 0..<rows { VectorMath.softcap(logits + r * vocabulary, vocabulary, cap: softcap) }
    }

    /// Logprob of each row's target.
    func logprobs(
        _ hidden: UnsafePointer<Float>,
        targets: UnsafePointer<Int32>,
        rows: Int,
        products: ProjectionPass,
        logits: UnsafeMutablePointer<Float>,
        into logprobs: UnsafeMutablePointer<Float>
    ) {
        var start = 0
        while start < rows {
            let n = min(chunk, rows - start)
            self.logits(hidden + start * width, rows: n, products: products, into: logits)
            for r in 0..<n {
                let row = logits + r * vocabulary
                logprobs[start + r] = row[Int(targets[start + r])] - VectorMath.logSumExp(row, vocabulary)
            }
            start += n
        }
    }

    /// Forward and backward in one pass over the chunks: also writes `logprobs`; overwrites `dHidden`; adds to the
    /// head's gradient unless it is frozen.
    func forwardBackward(
        _ hidden: UnsafePointer<Float>,
        targets: UnsafePointer<Int32>,
        weights: UnsafePointer<Float>,
        rows: Int,
        products: ProjectionPass,
        logits: UnsafeMutablePointer<Float>,
        into logprobs: UnsafeMutablePointer<Float>,
        dHidden: UnsafeMutablePointer<Float>,
        gradients: WeightGradients?
    ) {
        let head = products.bank.head
        let writes = gradients?.headWrites(own: chunks(rows: rows)) ?? chunks(rows: rows)
        for write in 0..<writes {
            let start = write * chunk
            let n = max(0, min(chunk, rows - start))
            if n > 0 { self.logits(hidden + start * width, rows: n, products: products, into: logits) }
            for r in 0..<n {
                let row = logits + r * vocabulary
                let target = Int(targets[start + r]), weight = weights[start + r]
                let logit = row[target]
                if softcap != nil { (logits + chunk * vocabulary).update(from: row, count: vocabulary) }
                let logSum = VectorMath.softmax(row, vocabulary)
                logprobs[start + r] = logit - logSum
                VectorMath.scale(row, weight, vocabulary)
                row[target] -= weight
                if let softcap {
                    VectorMath.softcapGradient(row, capped: logits + chunk * vocabulary, vocabulary, cap: softcap)
                }
            }
            let gradient = products.outputGradient(head, logits, rows: n)
            if n > 0 { products.backwardInput(head, gradient, rows: n, into: dHidden + start * width) }
            gradients?.add(after: write > 0 ? write - 1 : nil) { g in
                if n > 0 {
                    products.backwardWeight(head, gradient, hidden + start * width, rows: 0..<n, into: g + head.offset)
                }
            }
        }
    }
}

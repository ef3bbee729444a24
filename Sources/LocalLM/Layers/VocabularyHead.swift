/// The output projection and cross-entropy, in chunks of rows so that the logits of a batch never stand in memory at once.
///
/// For a row with hidden state h and target t: logprob = (h E^T)[t] - logsumexp(h E^T). With a weight w per row the
/// loss is L = -sum w logprob, hence dlogits = w (softmax - onehot(t)), dh = dlogits E, dE += dlogits^T h.
/// SFT gives every target the weight 1 / targets of the whole batch; DPO the derivative of its loss.
struct VocabularyHead: Sendable {
    let width: Int
    let vocabulary: Int
    /// Rows of logits that stand in memory at once.
    let chunk: Int

    init(_ configuration: ModelConfiguration) {
        width = configuration.hiddenSize
        vocabulary = configuration.vocabularySize
        chunk = max(8, min(256, 1_048_576 / configuration.vocabularySize / 8 * 8))
    }

    var logitsCount: Int { chunk * vocabulary }

    /// Logprob of each row's target.
    func logprobs(
        _ hidden: UnsafePointer<Float>, targets: UnsafePointer<Int32>, rows: Int, bank: ProjectionBank,
        logits: UnsafeMutablePointer<Float>, into logprobs: UnsafeMutablePointer<Float>
    ) {
        var start = 0
        while start < rows {
            let n = min(chunk, rows - start)
            bank.forward(bank.head, hidden + start * width, rows: n, into: logits)
            for r in 0..<n {
                let row = logits + r * vocabulary
                logprobs[start + r] = row[Int(targets[start + r])] - VectorMath.logSumExp(row, vocabulary)
            }
            start += n
        }
    }

    /// Forward and backward in one pass over the chunks: also writes `logprobs`; overwrites `dHidden`; adds to the head's gradient.
    func forwardBackward(
        _ hidden: UnsafePointer<Float>, targets: UnsafePointer<Int32>, weights: UnsafePointer<Float>, rows: Int, bank: ProjectionBank,
        logits: UnsafeMutablePointer<Float>, into logprobs: UnsafeMutablePointer<Float>, dHidden: UnsafeMutablePointer<Float>,
        gradients: FloatBuffer, scratch: UnsafeMutablePointer<Float>
    ) {
        var start = 0
        while start < rows {
            let n = min(chunk, rows - start)
            bank.forward(bank.head, hidden + start * width, rows: n, into: logits)
            for r in 0..<n {
                let row = logits + r * vocabulary
                let target = Int(targets[start + r]), weight = weights[start + r]
                let logit = row[target]
                let logSum = VectorMath.softmax(row, vocabulary)
                logprobs[start + r] = logit - logSum
                let w = Vector(repeating: weight)
                var i = 0
                while i + 16 <= vocabulary {
                    row.store(row.vector(i) * w, at: i)
                    i += 16
                }
                while i < vocabulary {
                    row[i] *= weight
                    i += 1
                }
                row[target] -= weight
            }
            bank.backwardInput(bank.head, logits, rows: n, into: dHidden + start * width)
            bank.backwardWeight(bank.head, logits, hidden + start * width, rows: n, gradients: gradients, scratch: scratch)
            start += n
        }
    }
}

/// How alike the answers of a set are: mean ROUGE-L F over its pairs, 0 to 1. A model that collapses says the same to
/// everything (Self-BLEU of Zhu et al. 2018, arXiv 1802.01886, with a measure that is symmetric).
enum SelfSimilarity {
    /// Of the first `limit` texts, all of whose pairs are compared; nil of fewer than two.
    static func mean(_ texts: [String], limit: Int = 200) -> Double? {
        var numbering = WordNumbering(), sequence = CommonSubsequence()
        let texts = texts.prefix(limit).map { RougeL.words(of: $0).map { numbering.number($0) } }
        guard texts.count > 1 else { return nil }
        var sum = 0.0
        for (index, a) in texts.enumerated() {
            for b in texts[..<index] {
                sum += RougeL.fMeasure(common: sequence.length(a, b), a.count, b.count)
            }
        }
        return sum / Double(texts.count * (texts.count - 1) / 2)
    }
}

/// distinct-n of a set of answers: different n-grams of words by all n-grams (Li et al. 2016, arXiv 1510.03055).
enum DistinctNGrams {
    /// nil where there is no n-gram.
    static func share(_ texts: [String], n: Int) -> Double? {
        var seen = Set<[Substring]>(), count = 0
        for text in texts {
            let words = text.split(whereSeparator: \.isWhitespace)
            guard words.count >= n else { continue }
            for start in 0...(words.count - n) {
                seen.insert(Array(words[start..<start + n]))
                count += 1
            }
        }
        return count == 0 ? nil : Double(seen.count) / Double(count)
    }
}

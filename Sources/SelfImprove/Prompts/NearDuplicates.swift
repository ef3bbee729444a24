/// Instructions that are too much like one that is there already, as Self-Instruct drops them (arXiv 2212.10560,
/// section 2.2): greedy and in order, a candidate is dropped where its ROUGE-L with any that was kept is `threshold` or
/// more.
///
/// Deviation: only the first `longest` words of a text are compared, which bounds the time of a comparison;
/// Self-Instruct has no instruction of more than 150 words. Texts without words for `RougeL` (other scripts) score 0
/// with everything, as `rouge-score` scores them, and are never dropped: `MinHash` is for them.
///
/// Two upper bounds of F go before the common subsequence and never change a result: a subsequence is no longer than
/// the shorter text, nor than the words that the two have in common, however ordered.
public struct NearDuplicates: Sendable {
    public struct Match: Sendable, Equatable {
        /// Which of the kept texts, counted from 0 in the order of keeping: the first that is near.
        public var index: Int
        /// ROUGE-L F.
        public var score: Double
    }

    public let threshold: Double
    /// Words of a text that are compared.
    public let longest: Int

    public init(threshold: Double = 0.7, longest: Int = 2_048) {
        precondition(threshold > 0 && threshold <= 1, "near at \(threshold)")
        precondition(longest > 0, "texts of \(longest) words")
        self.threshold = threshold
        self.longest = longest
    }

    public var count: Int { kept.count }

    private var numbering = WordNumbering()
    private var kept: [WordBag] = []
    private var lengths: [Int32] = []
    private var sequence = CommonSubsequence()

    /// Keeps a text whatever it is like: a seed.
    public mutating func keep(_ text: String) { keep(bag(text)) }

    /// The kept text that this one is near; nil where there is none, and then it is kept.
    public mutating func keepOrMatch(_ text: String) -> Match? {
        let bag = bag(text)
        if let match = match(bag) { return match }
        keep(bag)
        return nil
    }

    /// The first kept text that this one is near.
    public mutating func match(_ text: String) -> Match? { match(bag(text)) }

    private mutating func bag(_ text: String) -> WordBag {
        WordBag(RougeL.words(of: text).prefix(longest).map { numbering.number($0) })
    }

    private mutating func keep(_ bag: WordBag) {
        kept.append(bag)
        lengths.append(Int32(bag.words.count))
    }

    private mutating func match(_ bag: WordBag) -> Match? {
        let length = bag.words.count
        guard length > 0 else { return nil }
        // Within these lengths the shorter text may be long enough.
        let window = Self.window(of: length, threshold: threshold, longest: longest)
        for index in lengths.indices where window.contains(lengths[index]) {
            let other = kept[index]
            func isFar(_ common: Int) -> Bool {
                RougeL.fMeasure(common: common, other.words.count, length) < threshold
            }
            if isFar(bag.mostCommon(with: other)) || isFar(bag.common(with: other)) { continue }
            let score = RougeL.fMeasure(common: sequence.length(other.words, bag.words), other.words.count, length)
            if score >= threshold { return Match(index: index, score: score) }
        }
        return nil
    }

    private static func window(of length: Int, threshold: Double, longest: Int) -> ClosedRange<Int32> {
        func isNear(_ other: Int) -> Bool {
            RougeL.fMeasure(common: min(length, other), other, length) >= threshold
        }
        // F falls to both sides of `length`, where it is 1.
        func furthest(_ step: Int, _ end: Int) -> Int {
            var near = length, far = end + step
            while abs(far - near) > 1 {
                let middle = (near + far) / 2
                if isNear(middle) { near = middle } else { far = middle }
            }
            return near
        }
        return Int32(furthest(-1, 1))...Int32(furthest(1, max(length, longest)))
    }
}

/// A text's words, and what tells fast how many of them two texts can have in common.
private struct WordBag: Sendable {
    let words: [UInt32]
    private let sorted: [UInt32]
    /// A bit for each word, and for its second, third, … occurrence.
    private let signature: SIMD4<UInt64>

    init(_ words: [UInt32]) {
        self.words = words
        sorted = words.sorted()
        var signature = SIMD4<UInt64>(), occurrence: UInt64 = 0
        for (index, word) in sorted.enumerated() {
            occurrence = index > 0 && sorted[index - 1] == word ? occurrence + 1 : 0
            let hash = (UInt64(word) &+ occurrence << 32) &* 0x9E37_79B9_7F4A_7C15
            signature[Int(hash >> 62)] |= 1 << (hash >> 56 & 63)
        }
        self.signature = signature
    }

    /// An upper bound of `common(with:)`: a bit that one alone has stands for a word at least that the other lacks.
    func mostCommon(with other: WordBag) -> Int {
        func ones(_ bits: SIMD4<UInt64>) -> Int { (0..<4).reduce(0) { $0 + bits[$1].nonzeroBitCount } }
        return min(
            words.count - ones(signature & ~other.signature),
            other.words.count - ones(other.signature & ~signature)
        )
    }

    /// Words in common, each as often as both have it.
    func common(with other: WordBag) -> Int {
        var (i, j, count) = (0, 0, 0)
        while i < sorted.count, j < other.sorted.count {
            if sorted[i] == other.sorted[j] {
                (i, j, count) = (i + 1, j + 1, count + 1)
            } else if sorted[i] < other.sorted[j] {
                i += 1
            } else {
                j += 1
            }
        }
        return count
    }
}

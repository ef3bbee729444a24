import LocalLM

/// Near-duplicates by the Jaccard index of their word shingles, for sets that are too large for `NearDuplicates`: a
/// text is compared only with those that share a band of its signature (Broder 1997; Leskovec et al., "Mining of
/// Massive Datasets", chapter 3).
///
/// A band is `rows` of the `bands` x `rows` minima; texts of index J share one with probability 1 - (1 - J^rows)^bands:
/// .99 at J = .7 with 25 bands of 5, .55 at .5, .10 at .3. What shares one is compared by its shingles, so that nothing
/// below the threshold is dropped; a few near ones are missed. Words are `NormalizedWords`, so all scripts count. The
/// same seed gives the same choice.
public struct MinHash: Sendable {
    public struct Match: Sendable, Equatable {
        /// Which of the kept texts, in the order of keeping.
        public var index: Int
        /// The Jaccard index of the shingles.
        public var score: Double
    }

    public let threshold: Double
    /// Words of a shingle; a shorter text is one shingle.
    public let shingle: Int
    public let bands: Int
    public let rows: Int
    /// Texts that share a band and are compared at most: what bounds the time where all texts are made from one
    /// template.
    public static let candidatesCompared = 1_000

    private let seed: UInt64
    private var kept: [[UInt64]] = []
    private var buckets: [UInt64: [Int32]] = [:]

    public init(threshold: Double = 0.7, shingle: Int = 3, bands: Int = 25, rows: Int = 5, seed: UInt64) {
        precondition(threshold > 0 && threshold <= 1, "near at \(threshold)")
        precondition(shingle > 0 && bands > 0 && rows > 0, "\(bands) bands of \(rows), shingles of \(shingle)")
        (self.threshold, self.shingle, self.bands, self.rows) = (threshold, shingle, bands, rows)
        self.seed = seed
    }

    public var count: Int { kept.count }

    /// Keeps a text whatever it is like: a seed.
    public mutating func keep(_ text: String) {
        let shingles = shingles(of: text)
        keep(shingles, bandKeys(of: shingles))
    }

    /// The kept text that this one is near; nil where none was found, and then it is kept.
    public mutating func keepOrMatch(_ text: String) -> Match? {
        let shingles = shingles(of: text), keys = bandKeys(of: shingles)
        if let match = match(shingles, keys) { return match }
        keep(shingles, keys)
        return nil
    }

    /// A kept text that this one is near: of those that share a band, in the order of the bands, the first.
    public func match(_ text: String) -> Match? {
        let shingles = shingles(of: text)
        return match(shingles, bandKeys(of: shingles))
    }

    /// The Jaccard index of two texts' shingles; 0 where one has no words.
    public func jaccard(_ a: String, _ b: String) -> Double { Self.jaccard(shingles(of: a), shingles(of: b)) }

    /// How many of the minima are equal: an estimate of the Jaccard index.
    public func estimate(_ a: String, _ b: String) -> Double {
        let a = minima(of: shingles(of: a)), b = minima(of: shingles(of: b))
        return a.isEmpty || b.isEmpty ? 0 : Double(zip(a, b).count { $0 == $1 }) / Double(a.count)
    }
}

extension MinHash {
    private mutating func keep(_ shingles: [UInt64], _ keys: [UInt64]) {
        for key in keys { buckets[key, default: []].append(Int32(kept.count)) }
        kept.append(shingles)
    }

    private func match(_ shingles: [UInt64], _ keys: [UInt64]) -> Match? {
        var compared = Set<Int32>()
        for key in keys {
            for index in buckets[key] ?? [] where compared.insert(index).inserted {
                let score = Self.jaccard(shingles, kept[Int(index)])
                if score >= threshold { return Match(index: Int(index), score: score) }
                if compared.count == Self.candidatesCompared { return nil }
            }
        }
        return nil
    }

    /// Hashes of the distinct shingles, in order.
    private func shingles(of text: String) -> [UInt64] {
        let words = NormalizedWords.of(text).map { RandomKey.derive(0, $0) }
        guard !words.isEmpty else { return [] }
        let length = min(shingle, words.count)
        let hashes = (0...words.count - length).map { words[$0..<$0 + length].reduce(0) { RandomKey.derive($0, $1) } }
        return Set(hashes).sorted()
    }

    /// The least of each permutation of the hashes.
    private func minima(of shingles: [UInt64]) -> [UInt64] {
        guard !shingles.isEmpty else { return [] }
        return (0..<bands * rows).map { permutation in
            let key = RandomKey.derive(seed, UInt64(permutation))
            return shingles.reduce(.max) { min($0, RandomKey.mix($1 ^ key)) }
        }
    }

    private func bandKeys(of shingles: [UInt64]) -> [UInt64] {
        let minima = minima(of: shingles)
        guard !minima.isEmpty else { return [] }
        return (0..<bands).map { band in
            minima[band * rows..<(band + 1) * rows].reduce(UInt64(band)) { RandomKey.derive($0, $1) }
        }
    }

    private static func jaccard(_ a: [UInt64], _ b: [UInt64]) -> Double {
        var (i, j, common) = (0, 0, 0)
        while i < a.count, j < b.count {
            if a[i] == b[j] {
                (i, j, common) = (i + 1, j + 1, common + 1)
            } else if a[i] < b[j] {
                i += 1
            } else {
                j += 1
            }
        }
        let union = a.count + b.count - common
        return union == 0 ? 0 : Double(common) / Double(union)
    }
}

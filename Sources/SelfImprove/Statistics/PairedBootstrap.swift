import LocalLM

/// Whether two models differ on the same prompts: per-prompt differences, resampled by prompt (Efron & Tibshirani 1993,
/// percentile intervals), or by cluster (Davison & Hinkley 1997, section 3.8). Seeded: the same answers give the same
/// interval.
public struct PairedBootstrap: Sendable {
    public var resamples: Int
    public var seed: UInt64

    public init(resamples: Int, seed: UInt64) {
        self.resamples = resamples
        self.seed = seed
    }

    /// The mean difference and its two-sided interval.
    /// - Parameters:
    ///   - clusters: what is resampled as a whole, for each difference; nil: each is its own.
    ///   - confidence: 0 to 1, of the interval.
    public func interval(_ differences: [Double], clusters: [String]? = nil, confidence: Double) -> Interval {
        let means = sortedMeans(differences, clusters)
        let tail = (1 - confidence) / 2
        return Interval(
            value: differences.reduce(0, +) / Double(differences.count),
            low: Self.quantile(means, tail),
            high: Self.quantile(means, 1 - tail),
            n: differences.count
        )
    }

    /// The one-sided lower bound of the mean difference.
    public func lowerBound(_ differences: [Double], clusters: [String]? = nil, confidence: Double) -> Double {
        Self.quantile(sortedMeans(differences, clusters), 1 - confidence)
    }

    private func sortedMeans(_ differences: [Double], _ clusters: [String]?) -> [Double] {
        precondition(!differences.isEmpty && resamples > 0, "\(resamples) resamples of \(differences.count) prompts")
        let groups = ClusteredMean(differences, clusters: clusters), count = groups.sums.count
        var random = RandomStream(key: RandomKey.derive(seed, "bootstrap"))
        var means: [Double] = []
        means.reserveCapacity(resamples)
        for _ in 0..<resamples {
            var sum = 0.0, n = 0
            for _ in 0..<count {
                let group = random.integer(below: count)
                sum += groups.sums[group]
                n += groups.counts[group]
            }
            means.append(sum / Double(n))
        }
        return means.sorted()
    }

    /// The smallest value that at least this share of the values does not exceed.
    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        sorted[min(max(Int((share * Double(sorted.count)).rounded(.up)) - 1, 0), sorted.count - 1)]
    }
}

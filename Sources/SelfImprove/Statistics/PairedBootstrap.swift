import LocalLM

/// Whether two models differ on the same prompts: per-prompt differences, resampled by prompt (Efron & Tibshirani 1993,
/// percentile intervals). Seeded: the same answers give the same interval.
public struct PairedBootstrap: Sendable {
    public var resamples: Int
    public var seed: UInt64

    public init(resamples: Int, seed: UInt64) {
        self.resamples = resamples
        self.seed = seed
    }

    /// The mean difference and its two-sided interval.
    /// - Parameter confidence: 0 to 1, of the interval.
    public func interval(_ differences: [Double], confidence: Double) -> Interval {
        let means = sortedMeans(differences)
        let tail = (1 - confidence) / 2
        return Interval(
            value: differences.reduce(0, +) / Double(differences.count),
            low: Self.quantile(means, tail),
            high: Self.quantile(means, 1 - tail),
            n: differences.count
        )
    }

    /// The one-sided lower bound of the mean difference.
    public func lowerBound(_ differences: [Double], confidence: Double) -> Double {
        Self.quantile(sortedMeans(differences), 1 - confidence)
    }

    private func sortedMeans(_ differences: [Double]) -> [Double] {
        precondition(!differences.isEmpty && resamples > 0, "\(resamples) resamples of \(differences.count) prompts")
        var random = RandomStream(key: RandomKey.derive(seed, "bootstrap"))
        let count = differences.count
        var means: [Double] = []
        means.reserveCapacity(resamples)
        for _ in 0..<resamples {
            var sum = 0.0
            for _ in 0..<count { sum += differences[random.integer(below: count)] }
            means.append(sum / Double(count))
        }
        return means.sorted()
    }

    /// The smallest value that at least this share of the values does not exceed.
    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        sorted[min(max(Int((share * Double(sorted.count)).rounded(.up)) - 1, 0), sorted.count - 1)]
    }
}

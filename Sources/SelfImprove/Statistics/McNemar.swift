import Foundation

/// Whether two models differ in how often they are right, from the prompts that one of them alone gets right (McNemar
/// 1947), by the exact binomial distribution: no approximation for few of them.
enum McNemar {
    /// The two-sided p-value: of equal models, the chance of a split at least as uneven. 1 where they differ nowhere.
    static func pValue(onlyFirst: Int, onlySecond: Int) -> Double {
        let n = onlyFirst + onlySecond, fewer = min(onlyFirst, onlySecond)
        guard n > 0 else { return 1 }
        let all = Double(n), whole: Double = lgamma(all + 1) - all * log(2)
        let logs: [Double] = (0...fewer).map { k in
            let first: Double = lgamma(Double(k) + 1), second: Double = lgamma(Double(n - k) + 1)
            return whole - first - second
        }
        let peak: Double = logs.max()!
        let sum: Double = logs.reduce(0) { $0 + exp($1 - peak) }
        return min(1, 2 * exp(peak) * sum)
    }
}

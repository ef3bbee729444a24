/// Copeland scores: a win is 1, a tie 1/2, summed over judges and opponents.
///
/// A verdict counts for a sample only where both orders agree on it; a flip, a tie or a verdict that cannot be read
/// gives each sample half a point. So does a pair that no judge was asked about (`PairSelection`): a sample that met
/// fewer opponents is neither better nor worse for it.
enum Copeland {
    /// Points by sample.
    /// - Parameters:
    ///   - contestants: every sample that takes part.
    ///   - judges: how many of them decided on each pair that was asked about.
    static func scores(_ decisions: [MixtureOfJudges.Decision], among contestants: [Int], judges: Int) -> [Int: Double]
    {
        var scores: [Int: Double] = [:], met: [Int: Int] = [:]
        for decision in decisions {
            let agreed = decision.agreed
            scores[decision.first, default: 0] += agreed == .first ? 1 : agreed == .second ? 0 : 0.5
            scores[decision.second, default: 0] += agreed == .second ? 1 : agreed == .first ? 0 : 0.5
            met[decision.first, default: 0] += 1
            met[decision.second, default: 0] += 1
        }
        for contestant in contestants {
            let unmet = judges * (contestants.count - 1) - met[contestant, default: 0]
            scores[contestant, default: 0] += 0.5 * Double(unmet)
        }
        return scores
    }
}

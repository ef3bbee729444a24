/// Copeland scores: a win is 1, a tie 1/2, summed over judges and opponents.
///
/// A verdict counts for a sample only where both orders agree on it; a flip, a tie or a verdict that cannot be read
/// gives each sample half a point.
enum Copeland {
    /// Points by sample.
    static func scores(_ decisions: [MixtureOfJudges.Decision]) -> [Int: Double] {
        var scores: [Int: Double] = [:]
        for decision in decisions {
            let agreed = decision.verdict == decision.swapped ? decision.verdict : .tie
            scores[decision.first, default: 0] += agreed == .first ? 1 : agreed == .second ? 0 : 0.5
            scores[decision.second, default: 0] += agreed == .second ? 1 : agreed == .first ? 0 : 0.5
        }
        return scores
    }
}

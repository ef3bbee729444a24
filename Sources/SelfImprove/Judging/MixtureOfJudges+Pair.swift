/// From scores to one row of DPO.
extension MixtureOfJudges {
    /// The chosen and the rejected sample of a prompt; nil where best and worst are too close or alike.
    ///
    /// Length must not grow by itself (after Meta-Rewarding, arXiv 2407.19594, section 2.2). With `best` the highest
    /// score of a sample that may be chosen, and `worst` the lowest score of all:
    ///
    ///     top tier     score >= best - rho * (best - worst)      the shortest is chosen
    ///     bottom tier  score <= worst + rho * (best - worst)     the longest is rejected
    ///
    /// Lengths are tokens; among equals the first sample counts. With rho 0 a tier is what has the best, or the worst,
    /// score. Tiers may overlap, so the pair itself must keep the margin; and the two texts are never alike
    /// (`areAlike`): the next longest of the bottom tier is rejected instead, and where there is none the next shortest
    /// of the top tier is chosen.
    func pair(_ contestants: [Int], _ prompt: Candidates, _ decisions: [Decision]) -> Pair? {
        let scores = Copeland.scores(decisions, among: contestants, judges: judges.count), samples = prompt.samples
        func score(_ index: Int) -> Double { scores[index] ?? 0 }
        let eligible = contestants.filter(prompt.mayBeChosen)
        guard let best = eligible.map(score).max(), let worst = contestants.map(score).min(), best > worst,
            best - worst >= minimumMargin
        else { return nil }
        let reach = rho * (best - worst)
        let top = eligible.filter { score($0) >= best - reach }.sorted {
            (samples[$0].tokens, $0) < (samples[$1].tokens, $1)
        }
        let bottom = contestants.filter { score($0) <= worst + reach }.sorted {
            (-samples[$0].tokens, $0) < (-samples[$1].tokens, $1)
        }
        for chosen in top {
            for rejected in bottom where score(chosen) > score(rejected) {
                guard score(chosen) - score(rejected) >= minimumMargin,
                    !Self.areAlike(samples[chosen].text, samples[rejected].text)
                else { continue }
                return Pair(
                    chosen: chosen,
                    rejected: rejected,
                    chosenScore: score(chosen),
                    rejectedScore: score(rejected)
                )
            }
        }
        return nil
    }

    /// Whether two texts differ in white space, case or the composition of characters at most: there is nothing to
    /// prefer.
    static func areAlike(_ a: String, _ b: String) -> Bool {
        // Strings are equal where their canonical compositions (NFC) are.
        func normalised(_ text: String) -> String {
            text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        return normalised(a) == normalised(b)
    }
}

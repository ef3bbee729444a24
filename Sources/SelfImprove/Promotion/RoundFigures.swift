import Foundation

/// What every round that ends with a challenger records about itself, for people and for stop criteria.
public enum RoundFigure: String, Sendable, CaseIterable {
    /// The challenger's score on the gate set minus its parent's.
    case gain
    /// Mean tokens of the challenger's answers on the gate set, by its parent's: length creeping up is how preference training cheats.
    case lengthRatio = "length_ratio"
    /// Different words and pairs of words in the challenger's answers on the gate set, by all of them (Li et al. 2016, arXiv 1510.03055):
    /// a fall is collapse.
    case distinct1 = "distinct_1"
    case distinct2 = "distinct_2"
    /// The mixture's score on the reported set minus the parent's, at the mixture's last evaluation: what is left to learn from it.
    case headroom
    /// Share of the round's prompts whose aggregated answer passed the filters.
    case kept
    /// Preference pairs of the round.
    case pairs
}

extension Round {
    /// The figures of this round.
    /// - Parameter gain: of the challenger over its parent, on the gate set.
    func figures(challenger: String, gain: Double) async throws -> JSONText {
        let history = campaign.history, name = campaign.name
        let now = try await history.evaluation(of: challenger, on: .gate, campaign: name)
        let before = try await history.evaluation(of: parent, on: .gate, campaign: name)
        var figures: [RoundFigure: Double] = [.gain: gain]
        if let length = now?.meanTokens, let old = before?.meanTokens, old > 0 { figures[.lengthRatio] = length / old }
        var outputs: [String] = []
        if let id = now?.id { outputs = try await history.evaluationAnswers(id).map(\.output) }
        figures[.distinct1] = DistinctNGrams.share(outputs, n: 1)
        figures[.distinct2] = DistinctNGrams.share(outputs, n: 2)
        let mixture = try await history.evaluations(name).last { $0.subject == .mixture }
        if let mixture, let own = try await history.evaluation(of: parent, on: .report, campaign: name) {
            figures[.headroom] = mixture.score.value - own.score.value
        }
        let answers = try await history.answers(name, round: number)
        if !answers.isEmpty { figures[.kept] = Double(answers.count(where: \.kept)) / Double(answers.count) }
        figures[.pairs] = Double(try await history.pairs(name, round: number).count)
        return try JSONText(Dictionary(uniqueKeysWithValues: figures.map { ($0.key.rawValue, $0.value) }))
    }
}

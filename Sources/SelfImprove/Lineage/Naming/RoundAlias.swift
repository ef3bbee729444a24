/// A model of a round, as people name it: `r2` (the champion after round 2), `r2-sft`, `r2-dpo`.
struct RoundAlias: Equatable {
    var round: Int
    /// Nil: the champion after the round.
    var stage: Stage?

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let head = parts.first, head.first == "r", head.count > 1,
            head.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }), let round = Int(head.dropFirst())
        else { return nil }
        self.round = round
        if parts.count == 2 {
            guard let stage = Stage(rawValue: String(parts[1])) else { return nil }
            self.stage = stage
        }
    }

    func digest(in round: RoundRecord) -> String? { stage.map { round[$0] } ?? round.championAfter }
}

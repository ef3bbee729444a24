/// What a model is shown at most, against what it can read.
public struct PlannedContext: Sendable, Equatable, Encodable {
    public var name: String
    /// With candidates and answer of the expected length.
    public var tokens: Int
    /// With all of them as long as they may be.
    public var most: Int
    public var positions: Int

    /// Of those on this machine that are shown candidates: the aggregator, and with more than two layers the proposers.
    /// How much an endpoint's model reads `doctor` asks it.
    static func all(_ c: CampaignConfiguration, _ basis: PlanningBasis) -> [PlannedContext] {
        var readers: [Participant] = c.mixture.layers > 2 ? c.mixture.proposers : []
        if case .participant(let aggregator) = c.mixture.aggregator { readers.append(aggregator) }
        var seen = Set<String>()
        return readers.filter { seen.insert($0.name).inserted }.compactMap { reader in
            guard let positions = c.reference(of: reader.model).flatMap({ basis.positions[$0] }) else { return nil }
            func tokens(_ answer: (Participant) -> Int, _ own: Int) -> Int {
                let candidates = c.mixture.proposers.reduce(0) { $0 + $1.samples * answer($1) }
                return basis.promptTokens + c.mixture.aggregationPrompt.tokens + candidates + own
            }
            let limit = reader.sampling.maximumTokens ?? c.mixture.maximumTokens
            return PlannedContext(
                name: reader.name,
                tokens: tokens({ min(basis.answerTokens, $0.sampling.maximumTokens ?? .max) }, basis.answerTokens),
                most: tokens({ $0.sampling.maximumTokens ?? c.mixture.maximumTokens }, limit),
                positions: positions
            )
        }
    }
}

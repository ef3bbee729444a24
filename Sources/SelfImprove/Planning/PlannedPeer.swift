/// What a campaign will ask of a peer behind an endpoint.
public struct PlannedPeer: Sendable, Encodable, Equatable {
    public var name: String
    public var endpoint: String
    public var model: String
    /// Before round 1: its own evaluation, and the mixture's.
    public var preparation: Work
    /// Of a round whose mixture is evaluated.
    public var round: Work

    public struct Work: Sendable, Encodable, Equatable {
        public var calls = 0
        public var promptTokens = 0
        public var completionTokens = 0
        /// By `price_per_million`; nil without one.
        public var money: Double?
        /// At least, by the requests and tokens that a minute may have; nil without such limits.
        public var minutes: Double?

        mutating func add(calls: Int, promptTokens: Int, answerTokens: Int) {
            self.calls += calls
            self.promptTokens += calls * promptTokens
            completionTokens += calls * answerTokens
        }

        fileprivate mutating func price(_ settings: EndpointSettings) {
            money = settings.pricePerMillion?.cost(
                of: EndpointUsage(promptTokens: promptTokens, completionTokens: completionTokens)
            )
            let limits = [
                settings.requestsPerMinute.map { Double(calls) / Double($0) },
                settings.tokensPerMinute.map { Double(promptTokens + completionTokens) / Double($0) },
            ]
            minutes = limits.compactMap { $0 }.max()
        }
    }

    /// Those of a configuration that are asked anything.
    static func all(_ c: CampaignConfiguration, _ basis: PlanningBasis) -> [PlannedPeer] {
        c.peers.compactMap { peer in
            guard case .endpoint(let settings) = peer.model else { return nil }
            var round = Work(), preparation = Work()
            add(&round, peer.name, prompts: c.prompts.perRound, c, basis)
            let evaluated = c.evaluation.mixturePrompts ?? c.evaluation.reportPrompts
            add(&round, peer.name, prompts: evaluated, c, basis)
            let sampled = min(c.dpo.prompts, c.prompts.perRound)
            for part in PlannedJudging.all(c, sampled: sampled, basis) where part.model == peer.name {
                round.add(calls: part.calls, promptTokens: part.promptTokens, answerTokens: part.answerTokens)
            }
            for part in PlannedWriting.all(c, basis) where part.model == .peer(peer.name) {
                round.add(calls: part.calls, promptTokens: part.promptTokens, answerTokens: part.answerTokens)
            }
            preparation.add(
                calls: c.evaluation.reportPrompts,
                promptTokens: basis.promptTokens,
                answerTokens: min(basis.answerTokens, c.evaluation.maximumTokens)
            )
            add(&preparation, peer.name, prompts: evaluated, c, basis)
            preparation.price(settings)
            round.price(settings)
            return PlannedPeer(
                name: peer.name,
                endpoint: settings.address.description,
                model: settings.servedModel,
                preparation: preparation,
                round: round
            )
        }
    }

    /// What the mixture asks of a peer to answer so many prompts.
    private static func add(
        _ work: inout Work,
        _ name: String,
        prompts: Int,
        _ c: CampaignConfiguration,
        _ basis: PlanningBasis
    ) {
        let candidates = c.mixture.draftsPerPrompt * basis.answerTokens + c.mixture.aggregationPrompt.tokens
        for layer in 1..<c.mixture.layers {
            for participant in c.mixture.proposers where participant.model == .peer(name) {
                work.add(
                    calls: prompts * participant.samples,
                    promptTokens: basis.promptTokens + (layer > 1 ? candidates : 0),
                    answerTokens: min(basis.answerTokens, participant.sampling.maximumTokens ?? .max)
                )
            }
        }
        if case .participant(let aggregator) = c.mixture.aggregator, aggregator.model == .peer(name) {
            work.add(calls: prompts, promptTokens: basis.promptTokens + candidates, answerTokens: basis.answerTokens)
        }
    }
}

extension CampaignConfiguration {
    /// Whether a participant answers elsewhere, which takes none of this machine's time.
    func isRemote(_ participant: Participant) -> Bool {
        if case .endpoint? = reference(of: participant.model) { true } else { false }
    }
}

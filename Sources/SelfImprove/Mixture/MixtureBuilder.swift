import LocalLM

/// Puts the mixture and the judges of a configuration together, from models that a catalog hands out.
struct MixtureBuilder: Sendable {
    let configuration: CampaignConfiguration
    let prepared: PreparedModels
    let models: any ModelCatalog
    let progress: StepProgress

    /// The proposers, aggregator and scorers of a round.
    /// - Parameter champion: digest of the model in the champion's part.
    /// - Throws: what loading a model throws.
    func mixture(champion: String) async throws -> Mixture {
        let settings = configuration.mixture
        guard let prompt = AggregationPrompt.all.first(where: { $0.name == settings.aggregationPrompt }) else {
            throw SelfImproveError(
                .configuration,
                "there is no aggregation prompt \"\(settings.aggregationPrompt)\"",
                context: configuration.campaign
            )
        }
        var sampling = Sampling(
            temperature: settings.temperature,
            topP: settings.topP,
            maximumTokens: settings.maximumTokens
        )
        var proposers: [Proposer] = []
        for participant in settings.proposers {
            proposers.append(try await proposer(participant, champion, sampling))
        }
        sampling.temperature = settings.aggregatorTemperature
        let aggregator: Mixture.Aggregator =
            switch settings.aggregator {
            case .rule(let rule): .rule(rule)
            case .participant(let participant): .participant(try await proposer(participant, champion, sampling))
            }
        return Mixture(
            proposers: proposers,
            aggregator: aggregator,
            prompt: prompt,
            layers: settings.layers,
            confidence: settings.confidence,
            scorers: settings.confidence == .peers ? try await likelihoodModels(scorers) : [],
            comparison: try AnswerComparison(configuration.answers)
        )
    }

    private func proposer(_ participant: Participant, _ champion: String, _ sampling: Sampling) async throws -> Proposer
    {
        let digest =
            switch participant.model {
            case .champion: champion
            case .initial: prepared.initial
            case .peer(let name): try prepared.peer(name)
            }
        tell(participant.name)
        return Proposer(
            name: participant.name,
            role: participant.role,
            model: try await models.chatModel(digest, name: participant.name),
            context: participant.context,
            sampling: participant.sampling.applied(to: sampling),
            samples: participant.samples
        )
    }

    /// The peers that propose; where only the champion does, all peers.
    private var scorers: [String] {
        let peers = configuration.peers.map(\.name)
        let proposing = peers.filter { name in
            configuration.mixture.proposers.contains { $0.model == .peer(name) }
        }
        return proposing.isEmpty ? peers : proposing
    }

    private func likelihoodModels(_ names: [String]) async throws -> [any LikelihoodModel] {
        var found: [any LikelihoodModel] = []
        for name in names {
            tell(name)
            found.append(try await models.likelihoodModel(prepared.peer(name), name: name))
        }
        return found
    }

    /// A large model takes minutes to load: silence would look like a step that hangs.
    private func tell(_ name: String) {
        progress.report(done: 0, total: 1, unit: "models", note: "loading \(name)")
    }

    func judges() async throws -> MixtureOfJudges {
        var judges: [any Judge] = []
        for judge in configuration.judges {
            switch judge.kind {
            case .agreement: judges.append(AgreementJudge(try AnswerComparison(configuration.answers)))
            case .likelihood: judges.append(LikelihoodJudge(try await likelihoodModels(judge.models)))
            }
        }
        return MixtureOfJudges(judges: judges, minimumMargin: configuration.dpo.minimumMargin)
    }
}

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
            prompt: settings.aggregationPrompt,
            layers: settings.layers,
            confidence: settings.confidence,
            scorers: settings.confidence == .peers ? try await likelihoodModels(configuration.scorers) : [],
            comparison: try AnswerComparison(configuration.answers),
            settings: MixtureSettings(
                order: settings.order,
                tooLong: settings.tooLong,
                minimumDrafts: settings.minimumDrafts
            )
        )
    }

    private func proposer(_ participant: Participant, _ champion: String, _ sampling: Sampling) async throws -> Proposer
    {
        Proposer(
            name: participant.name,
            role: participant.role,
            model: try await model(participant.model, champion: champion, as: participant.name),
            context: participant.context,
            sampling: participant.sampling.applied(to: sampling),
            samples: participant.samples
        )
    }

    /// - Parameters:
    ///   - champion: digest of the model in the champion's part.
    ///   - name: that it takes part under.
    func model(_ model: Participant.Model, champion: String, as name: String) async throws -> any ChatModel {
        tell(name)
        return switch model {
        case .champion: try await models.chatModel(champion, name: name)
        case .initial: try await models.chatModel(prepared.initial, name: name)
        case .peer(let peer): try await self.peer(peer, as: name)
        }
    }

    /// - Parameter participant: the name that it takes part under; nil: its own.
    func peer(_ name: String, as participant: String? = nil) async throws -> any ChatModel {
        if case .endpoint(let endpoint)? = configuration.reference(of: .peer(name)) {
            return try await models.chatModel(endpoint, name: name)
        }
        return try await models.chatModel(
            prepared.peer(name),
            name: participant ?? name,
            weights: configuration.weights(of: name)
        )
    }

    private func likelihoodModels(_ names: [String]) async throws -> [any LikelihoodModel] {
        var found: [any LikelihoodModel] = []
        for name in names {
            tell(name)
            let weights = configuration.weights(of: name)
            found.append(try await models.likelihoodModel(prepared.peer(name), name: name, weights: weights))
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
            case .agreement:
                judges.append(AgreementJudge(try AnswerComparison(configuration.answers), name: judge.label))
            case .constraint: judges.append(ConstraintJudge(name: judge.label))
            case .likelihood:
                judges.append(LikelihoodJudge(try await likelihoodModels(judge.models), name: judge.label))
            case .written:
                guard let written = judge.written else { continue }
                judges.append(try await self.written(written, name: judge.label))
            }
        }
        return MixtureOfJudges(
            judges: judges,
            pairs: configuration.dpo.pairs,
            minimumMargin: configuration.dpo.minimumMargin,
            rho: configuration.dpo.rho
        )
    }

    private func written(_ judge: CampaignConfiguration.JudgeConfiguration.Written, name: String) async throws
        -> WrittenJudge
    {
        let sampling = Sampling(temperature: judge.temperature, maximumTokens: judge.maximumTokens)
        func member(_ model: String) async throws -> Proposer {
            // No judge is the champion: the configuration's check refuses it.
            try await proposer(Participant(model), prepared.initial, sampling)
        }
        let prompts = try JudgePrompts(own: judge.prompts ?? [:])
        var proposers: [JudgeProposer] = []
        for model in judge.proposers { proposers.append(JudgeProposer(try await member(model), prompts: prompts)) }
        return WrittenJudge(
            name: name,
            criteria: CriteriaFilter(try await member(judge.criteria), prompts: prompts),
            proposers: proposers,
            aggregator: JudgeAggregator(try await member(judge.aggregator), prompts: prompts)
        )
    }
}

extension CampaignConfiguration {
    /// Whose confidence in drafts counts with `confidence: peers`: the peers that propose; where only the champion
    /// does, all peers.
    var scorers: [String] {
        let names = peers.map(\.name)
        let proposing = names.filter { name in mixture.proposers.contains { $0.model == .peer(name) } }
        return proposing.isEmpty ? names : proposing
    }
}

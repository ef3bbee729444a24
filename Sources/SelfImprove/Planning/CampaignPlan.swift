import Foundation
import LocalLM

/// What a campaign will ask of the machine: calls, tokens, time and disk of its preparation and of an average round.
public struct CampaignPlan: Sendable, Encodable {
    public struct Step: Sendable, Encodable, Equatable {
        public var name: String
        public var prompts: Int
        public var answers: Int
        /// Generated, scored and trained, as the lineage counts them.
        public var tokens: Int
        public var seconds: Double

        /// The first one, and in it what the second one takes; prompts are those of the first.
        static func += (step: inout Step, other: Step) {
            step.answers += other.answers
            step.tokens += other.tokens
            step.seconds += other.seconds
        }
    }

    /// The steps of a round; before them the nursery, where there is one.
    public var steps: [Step]
    public var preparationSeconds: Double
    public var roundSeconds: Double
    public var bytesPerRound: Int
    /// Memory of the stages that train.
    public var trainings: [PlannedTraining]
    /// Peers behind endpoints.
    public var peers: [PlannedPeer]
    /// What models on this machine are shown at most.
    public var contexts: [PlannedContext]
    /// What this machine and the peers cost, in preparation and in a round; nil where nothing has a price.
    public var preparationMoney: Double?
    public var roundMoney: Double?
    /// nil where prompts are made, not drawn, and where models write some.
    public var pool: PromptPool?
    /// Prompts of the file that are too long for the student.
    public var overlongPrompts: Int
    /// What of the prompts falls out, by reason; nil where nothing is looked for.
    public var drawing: DrawingReport?
    /// Which stop criterion will probably fire first.
    public var stop: StopForecast

    /// A token of a prompt costs this much less than a decoded one: prompts are computed in one pass.
    static let prefillAdvantage = 4
    /// Share of the sampled instructions that give a preference pair: the others' samples are all alike, or no judge
    /// prefers one.
    static let pairsPerPrompt = 1.0 / 3
    /// A draft, answer or prompt in the database: some hundred characters of text, digests, and its share of the
    /// indexes.
    static let bytesPerRow = 400

    /// - Parameters:
    ///   - prompts: nil: as many as the configuration says.
    ///   - stateBytes: that the state directory takes already.
    ///   - now: what a deadline is counted from.
    public init(
        _ c: CampaignConfiguration,
        _ basis: PlanningBasis,
        prompts: PlannedPrompts? = nil,
        stateBytes: Int,
        now: Date
    ) {
        let c = prompts?.limiting(c) ?? c
        pool = prompts?.pool
        overlongPrompts = prompts?.overlong ?? 0
        drawing = prompts?.left
        let round = Self.round(c, basis)
        let heldOut = c.evaluation.gatePrompts + c.evaluation.reportPrompts
        var preparation = Self.generation(
            "baseline",
            prompts: heldOut,
            answers: heldOut + c.evaluation.reportPrompts * c.peers.count,
            elsewhere: c.evaluation.reportPrompts * c.peers.count { $0.isRemote },
            basis
        )
        preparation += Self.mixtureEvaluation(c, basis)
        steps = round
        if let nursery = Self.nursery(c, basis) {
            steps.insert(nursery, at: 0)
            preparation += nursery
        }
        preparationSeconds = preparation.seconds
        roundSeconds = round.reduce(0) { $0 + $1.seconds }
        trainings = basis.trainings
        peers = PlannedPeer.all(c, basis)
        contexts = PlannedContext.all(c, basis)
        func money(_ seconds: Double, _ peers: [Double?]) -> Double? {
            let parts = peers + [c.pricePerHour.map { $0 * seconds / 3600 }]
            return parts.allSatisfy { $0 == nil } ? nil : parts.reduce(0) { $0 + ($1 ?? 0) }
        }
        preparationMoney = money(preparationSeconds, peers.map(\.preparation.money))
        roundMoney = money(roundSeconds, peers.map(\.round.money))
        let models = c.dpo.enabled ? 2 : 1
        bytesPerRound =
            models * basis.parameters * basis.bytesPerParameter
            + c.prompts.perRound * (c.mixture.draftsPerPrompt + 2) * Self.bytesPerRow
        stop = StopForecast(
            c.stop,
            .init(
                preparationSeconds: preparationSeconds,
                roundSeconds: roundSeconds,
                preparationTokens: preparation.tokens,
                roundTokens: round.reduce(0) { $0 + $1.tokens },
                roundBytes: bytesPerRound,
                bytes: stateBytes,
                pricePerHour: c.pricePerHour,
                now: now,
                pool: pool
            )
        )
    }

    // MARK: Steps

    private static func round(_ c: CampaignConfiguration, _ basis: PlanningBasis) -> [Step] {
        let prompts = c.prompts.perRound, drafts = c.mixture.draftsPerPrompt
        let aggregated = c.mixture.aggregator.rule == nil ? prompts : 0
        var steps = writing(c, basis)
        steps += [
            proposing(c, prompts: prompts, basis),
            generation(
                "aggregate",
                prompts: aggregated,
                answers: aggregated,
                elsewhere: c.mixture.aggregator.participant.map(c.isRemote) == true ? aggregated : 0,
                promptTokens: basis.promptTokens + drafts * basis.answerTokens,
                basis
            ),
            sft(c, basis),
        ]
        if c.dpo.enabled {
            let sampled = min(c.dpo.prompts, prompts)
            steps.append(generation("sample", prompts: sampled, answers: sampled * c.dpo.samples, basis))
            steps.append(judging(c, sampled: sampled, basis))
            let shares = DPOTrainer.sharesPrompts(parameters: basis.parameters, c.dpo.tuning.precision.training)
            let pair = basis.sequenceTokens + (shares ? basis.answerTokens : basis.sequenceTokens)
            let tokens = Int(Double(sampled * pair) * c.dpo.epochs * pairsPerPrompt)
            steps.append(training("dpo", tokens: tokens, basis))
        }
        let evaluations = (c.evaluation.gatePrompts + c.evaluation.reportPrompts) * (c.dpo.enabled ? 2 : 1)
        steps.append(generation("evaluate", prompts: evaluations, answers: evaluations, basis))
        // A new champion's mixture is evaluated once; the first champion's belongs to the preparation.
        steps[steps.count - 1] += mixtureEvaluation(c, basis)
        return steps
    }

    /// Nothing where no model writes prompts.
    private static func writing(_ c: CampaignConfiguration, _ basis: PlanningBasis) -> [Step] {
        let parts = PlannedWriting.all(c, basis)
        if parts.isEmpty { return [] }
        var step = Step(name: "prompts", prompts: 0, answers: 0, tokens: 0, seconds: 0)
        for part in parts {
            let written = part.calls * part.answerTokens
            step.prompts += part.prompts
            step.answers += part.calls
            step.tokens += written
            if c.isRemote(Participant(part.model)) { continue }
            step.seconds += Double(written + part.calls * part.promptTokens / prefillAdvantage) / basis.decodingSpeed
        }
        return [step]
    }

    private static func mixtureEvaluation(_ c: CampaignConfiguration, _ basis: PlanningBasis) -> Step {
        proposing(c, prompts: c.evaluation.mixturePrompts ?? c.evaluation.reportPrompts, basis)
    }

    /// Each proposer answers up to its own limit, after a context that is read once for all prompts.
    private static func proposing(_ c: CampaignConfiguration, prompts: Int, _ basis: PlanningBasis) -> Step {
        let layers = c.mixture.layers - 1
        var step = generation(
            "propose",
            prompts: prompts,
            answers: prompts * c.mixture.draftsPerPrompt * layers,
            elsewhere: prompts * layers * c.mixture.proposers.filter(c.isRemote).reduce(0) { $0 + $1.samples },
            basis
        )
        let tokens = c.mixture.proposers.reduce(0) { sum, proposer in
            sum + proposer.samples * min(basis.answerTokens, proposer.sampling.maximumTokens ?? .max)
        }
        let saved = step.tokens - prompts * layers * tokens, contexts = layers * basis.contextTokens / prefillAdvantage
        step.tokens -= saved
        let here = Double(c.mixture.proposers.filter { !c.isRemote($0) }.reduce(0) { $0 + $1.samples })
        step.seconds +=
            Double(contexts - saved) / basis.decodingSpeed * here / Double(max(c.mixture.draftsPerPrompt, 1))
        return step
    }

    private static func nursery(_ c: CampaignConfiguration, _ basis: PlanningBasis) -> Step? {
        guard let settings = c.nursery else { return nil }
        let nursery = Nursery(settings, campaignSeed: c.seed, threads: c.threads)
        return Step(
            name: "nursery",
            prompts: 0,
            answers: 0,
            tokens: nursery.tokens,
            seconds: nursery.work / basis.trainingSpeed
        )
    }

    /// - Parameters:
    ///   - elsewhere: how many of the answers endpoints write, which takes no time here.
    ///   - promptTokens: nil for the instruction alone.
    private static func generation(
        _ name: String,
        prompts: Int,
        answers: Int,
        elsewhere: Int = 0,
        promptTokens: Int? = nil,
        _ basis: PlanningBasis
    ) -> Step {
        let tokens = answers * basis.answerTokens
        let prefill = prompts * (promptTokens ?? basis.promptTokens) / prefillAdvantage
        return Step(
            name: name,
            prompts: prompts,
            answers: answers,
            tokens: tokens,
            seconds: Double(tokens + prefill) / basis.decodingSpeed * Double(answers - elsewhere)
                / Double(max(answers, 1))
        )
    }

    private static func training(_ name: String, tokens: Int, factor: Double = 1, _ basis: PlanningBasis) -> Step {
        Step(name: name, prompts: 0, answers: 0, tokens: tokens, seconds: factor * Double(tokens) / basis.trainingSpeed)
    }

    private static func sft(_ c: CampaignConfiguration, _ basis: PlanningBasis) -> Step {
        let settings = c.sft.optimization
        return training(
            "sft",
            tokens: c.sft.tokens ?? Int(sftRows(c) * Double(basis.sequenceTokens) * (c.sft.epochs ?? 1)),
            factor: settings.optimizer == .muon ? Nursery.muonFactor(batchTokens: settings.batchTokens) : 1,
            basis
        )
    }

    /// Rows of one pass of SFT, on the average over the rounds: a round's own, and what it replays of those before it.
    private static func sftRows(_ c: CampaignConfiguration) -> Double {
        let own = Double(min(c.sft.maximumRows ?? .max, c.prompts.perRound)),
            before = Double((c.stop.rounds ?? 1) - 1) / 2
        return own + c.sft.replay * min(own * before, Double(c.sft.maximumReplayedRows ?? .max))
    }

    /// Every model of a likelihood judge reads every sample after its prompt; samples that are alike are read once,
    /// which is not known before. Judges that write read and write (`PlannedJudging`). Agreement with the mixture takes
    /// no model.
    private static func judging(_ c: CampaignConfiguration, sampled: Int, _ basis: PlanningBasis) -> Step {
        let models = c.judges.filter { $0.kind == .likelihood }.reduce(0) { $0 + $1.models.count }
        let read = sampled * c.dpo.samples * models
        var step = Step(
            name: "judge",
            prompts: sampled,
            answers: 0,
            tokens: read * basis.answerTokens,
            seconds: Double(read * basis.sequenceTokens / prefillAdvantage) / basis.decodingSpeed
        )
        for part in PlannedJudging.all(c, sampled: sampled, basis) {
            let written = part.calls * part.answerTokens
            step.answers += part.calls
            step.tokens += written
            if c.isRemote(Participant(part.model)) { continue }
            step.seconds += Double(written + part.calls * part.promptTokens / prefillAdvantage) / basis.decodingSpeed
        }
        return step
    }
}

import Foundation

/// What the criteria are held against, between two rounds.
public struct StopSituation: Sendable {
    /// Rounds that have ended, abandoned ones included.
    public var rounds: Int
    /// The champion on the gate set.
    public var score: Score?
    /// Rounds in a row, up to the last one, that promoted nothing.
    public var roundsWithoutPromotion: Int
    /// Points lost since its best ancestor, on the report set; nil where the champion is the best. Measured only when
    /// asked for.
    public var drop: @Sendable () throws -> Interval?
    public var seconds: Double
    public var tokens: Int
    /// Spent, by the hours of running and their price.
    public var money: Double
    public var now: Date
    /// The size of the state directory. Measured only when asked for.
    public var diskBytes: @Sendable () throws -> Int
    /// The last round's, by the key of a `RoundFigure`.
    public var figures: [String: Double]
    /// Prompts that no round has drawn, counted up to a limit; the limit where nothing is known yet. Measured only when
    /// asked for.
    public var promptsLeft: @Sendable (_ limit: Int) throws -> Int

    public init(
        rounds: Int,
        score: Score?,
        roundsWithoutPromotion: Int,
        drop: @escaping @Sendable () throws -> Interval? = { nil },
        seconds: Double,
        tokens: Int,
        money: Double = 0,
        now: Date,
        diskBytes: @escaping @Sendable () throws -> Int,
        figures: [String: Double] = [:],
        promptsLeft: @escaping @Sendable (_ limit: Int) throws -> Int = { $0 }
    ) {
        self.rounds = rounds
        self.score = score
        self.roundsWithoutPromotion = roundsWithoutPromotion
        self.drop = drop
        self.seconds = seconds
        self.tokens = tokens
        self.money = money
        self.now = now
        self.diskBytes = diskBytes
        self.figures = figures
        self.promptsLeft = promptsLeft
    }
}

extension StopSituation {
    /// As the lineage has it.
    public init(_ campaign: CampaignRecord, in lineage: Lineage, now: Date) throws {
        let rounds = try lineage.rounds(campaign.name).filter { $0.outcome != nil }
        let score = try campaign.champion.flatMap {
            try lineage.evaluation(of: $0, on: .gate, campaign: campaign.name)
        }?.score
        // A rollback is a new beginning: what failed before it is not held against what comes after. Events are in
        // their order, whatever the clock said.
        let events = try lineage.events(campaign.name)
        let lastRollback = events.lastIndex { $0.kind == .rolledBack } ?? events.startIndex - 1
        let endedSince = Set(
            events[(lastRollback + 1)...].filter { $0.kind == .promoted || $0.kind == .kept }.compactMap(\.round)
        )
        let counted = rounds.filter { endedSince.contains($0.round) }
        self.init(
            rounds: rounds.count,
            score: score,
            roundsWithoutPromotion: counted.reversed().prefix { $0.outcome != .promoted }.count,
            drop: { try Self.drop(campaign, rounds, lineage) },
            seconds: campaign.runningSeconds,
            tokens: try lineage.tokensSpent(campaign.name),
            money: try campaign.money() ?? 0,
            now: now,
            diskBytes: { try lineage.files.bytes() },
            figures: try counted.last { $0.figures != nil }?.figures?.decode([String: Double].self) ?? [:],
            promptsLeft: { try Self.promptsLeft(campaign, upTo: $0, lineage) }
        )
    }

    private static func promptsLeft(_ campaign: CampaignRecord, upTo limit: Int, _ lineage: Lineage) throws -> Int {
        let preparation = try lineage.steps(campaign.name).first { $0.step == .nursery && $0.state == .done }
        guard let prepared = try preparation?.value?.decode(PreparedModels.self) else { return limit }
        let configuration = try campaign.configuration()
        let rounds = try lineage.rounds(campaign.name).map(\.round)
        // Models go on writing, as long as what they write is any good.
        if !configuration.prompts.writers.isEmpty,
            try lineage.rounds(campaign.name).last(where: { $0.outcome != nil })
                .map({ try !lineage.prompts(campaign.name, round: $0.round).isEmpty }) ?? true
        {
            return limit
        }
        var drawing = try PromptDrawing(
            configuration,
            used: lineage.usedPromptIDs(campaign.name, before: .max),
            heldOut: prepared.heldOutSets(lineage.files),
            general: configuration.prompts.decontaminate == nil
                ? []
                : GeneralConversations.heldOutPrompts(
                    lineage.prompts(campaign.name, round: 0),
                    lineage.answers(campaign.name, round: 0)
                )
        )
        if configuration.prompts.nearDuplicates != nil {
            for round in rounds { drawing.keep(try lineage.prompts(campaign.name, round: round)) }
        }
        return try drawing.left(upTo: limit).count
    }

    /// On the same prompts; a rollback on purpose is no regression, for what came after is no ancestor.
    private static func drop(_ campaign: CampaignRecord, _ rounds: [RoundRecord], _ lineage: Lineage) throws
        -> Interval?
    {
        guard let champion = campaign.champion else { return nil }
        let line = try lineage.line(of: champion)
        let champions = ([campaign.initialModel] + rounds.filter { $0.outcome == .promoted }.map(\.championAfter))
            .compactMap { $0 }.filter(line.contains)
        let evaluations = try Set(champions + [champion]).compactMap {
            try lineage.evaluation(of: $0, on: .report, campaign: campaign.name)
        }
        guard let own = evaluations.first(where: { $0.model == champion }),
            let best = evaluations.max(by: { ($0.right, $1.model ?? "") < ($1.right, $0.model ?? "") }),
            best.right > own.right,
            let bestID = best.id, let ownID = own.id
        else { return nil }
        let marks = Dictionary(
            uniqueKeysWithValues: try lineage.evaluationAnswers(ownID).map { ($0.promptId, $0.isRight(by: own.marks)) }
        )
        let differences = try lineage.evaluationAnswers(bestID).compactMap { answer in
            marks[answer.promptId].map { (answer.isRight(by: best.marks) ? 1.0 : 0) - ($0 ? 1.0 : 0) }
        }
        guard !differences.isEmpty else { return nil }
        let seed = try campaign.configuration().seed
        return PairedBootstrap(resamples: 2000, seed: seed).interval(
            differences,
            confidence: 0.95
        )
    }
}

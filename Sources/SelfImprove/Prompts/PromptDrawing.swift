import Foundation
import LocalLM
import ModelFiles

/// How a round draws its prompts: fresh ones of each source by its share (`DrawingSession`), without those that a
/// held-out set knows or that are like one drawn before.
///
/// Time and memory are linear in the files (`NearDuplicates` alone compares pairs; the configuration bounds them).
struct PromptDrawing: Sendable {
    let settings: CampaignConfiguration.Prompts
    private let campaignSeed: UInt64
    private let used: Set<String>
    private let heldOut: Set<String>
    private let answered: Set<String>
    private let held: Decontamination?
    private var near: NearPrompts?
    /// Of tasks; nil: even.
    var weights: PromptWeights?
    /// What earlier rounds drew, where models write.
    private(set) var drawnQuestions: Set<String> = []

    /// - Parameters:
    ///   - used: ids that earlier rounds drew.
    ///   - heldOut: the sets that no training may see.
    ///   - general: held-out general conversations; nil: those that round 0 would lay down.
    init(
        _ configuration: CampaignConfiguration,
        used: Set<String> = [],
        heldOut sets: [(name: HeldOutSet, set: EvaluationSet)],
        general: [[Message]]? = nil
    ) throws {
        settings = configuration.prompts
        campaignSeed = configuration.seed
        self.used = used
        heldOut = sets.reduce(into: []) { $0.formUnion($1.set.promptDigests) }
        answered = configuration.mixture.exampleQuestions
        near = settings.nearDuplicates.map { NearPrompts($0, seed: configuration.seed) }
        if let decontaminate = settings.decontaminate {
            held = HeldOutWording.decontamination(
                decontaminate,
                configuration,
                sets: sets,
                general: try general ?? GeneralConversations.heldOutPrompts(configuration, heldOut: heldOut)
            )
        } else {
            held = nil
        }
    }

    /// Whether there is more to tell of a drawing than its prompts.
    var isTold: Bool {
        settings.sources != nil || settings.decontaminate != nil || settings.nearDuplicates != nil
            || settings.weightBy != nil
    }

    /// Prompts that an earlier round drew: nothing like them is drawn again.
    mutating func keep(_ prompts: [PromptRecord]) {
        for prompt in prompts { near?.keep(prompt.messages, name: "\(prompt.id) of round \(prompt.round)") }
        if !settings.writers.isEmpty { drawnQuestions.formUnion(prompts.map { PromptDigest.ofQuestion($0.messages) }) }
    }

    /// A seeded choice of prompts for a round, without any answers; nothing of models that write.
    /// - Returns: fewer than `count` where the sources have no more.
    func draw(_ count: Int, seed: UInt64) throws -> (rows: [PromptRow], report: DrawingReport) {
        var session = try DrawingSession(self, count: count, seed: seed)
        session.fill()
        let (drawn, report) = session.result()
        return (drawn.map(\.row), report)
    }

    /// Prompts of the nursery, which are made.
    func made(_ count: Int, seed: UInt64) throws -> [PromptRow] {
        try settings.source.fresh(count: count, excluding: used, heldOut: heldOut, answered: answered, seed: seed)
    }

    /// How many prompts of the files rounds can still draw, counted up to `limit`; what falls out of them as far as it
    /// was counted.
    func left(upTo limit: Int) throws -> (count: Int, report: DrawingReport) {
        var sieve = self, report = DrawingReport()
        if settings.shares.isEmpty {
            report.drawn = try settings.source.left(upTo: limit, excluding: used, heldOut: heldOut, answered: answered)
            return (report.drawn, report)
        }
        for (share, pool) in zip(settings.shares, try pools(&report)) {
            guard let file = share.file else { continue }
            var count = 0
            for candidate in pool where report.drawn < limit && sieve.passes(candidate, &report) {
                report.drawn += 1
                count += 1
            }
            report.files.append(
                DrawingReport.File(file: file, share: share.share, wanted: count, drawn: count)
            )
        }
        return (report.drawn, report)
    }
}

extension PromptDrawing {
    typealias Candidate = PromptSource.Candidate

    /// What of each file is fresh; what two files hold is the first one's. Nothing of models that write.
    /// - Parameter report: hears of what a held-out set has word for word.
    func pools(_ report: inout DrawingReport) throws -> [[Candidate]] {
        var seen = used
        return try settings.shares.map { share in
            guard let file = share.file else { return [] }
            let pool = try PromptSource.candidates(file, &seen, heldOut: heldOut, answered: answered) { candidate in
                _ = meets(candidate.row.prompt, candidate.place, &report)
            }
            return pool.filter { isAsked($0, &report) }
        }
    }

    /// Turn by turn, a conversation begins with a question, and that one is not held out either.
    private func isAsked(_ candidate: Candidate, _ report: inout DrawingReport) -> Bool {
        guard settings.turns == .every else { return true }
        guard let first = ConversationTurns(candidate.row.prompt).turns.first else { return false }
        guard heldOut.contains(PromptDigest.of(first)) else { return true }
        _ = meets(first, candidate.place, &report)
        return false
    }

    /// A seeded order; with weights each prompt comes as early as its weight makes it likely (Efraimidis and Spirakis,
    /// "Weighted random sampling with a reservoir", 2006), so that the first ones are a weighted choice.
    func ordered(_ pool: [Candidate], seed: UInt64) -> [Candidate] {
        var pool = pool, random = RandomStream(key: seed)
        random.shuffle(&pool)
        guard let weights else { return pool }
        let ranks = pool.map { -log(1 - random.uniform()) / weights[$0.row.task ?? PromptRow.defaultTask] }
        return pool.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }.map { pool[$0] }
    }

    mutating func passes(_ candidate: Candidate, _ report: inout DrawingReport) -> Bool {
        if held == nil, near == nil { return true }
        return !meets(candidate.row.prompt, candidate.place, &report)
            && !isNear(candidate.row.prompt, candidate.place, &report)
    }

    private func meets(_ messages: [Message], _ name: String, _ report: inout DrawingReport) -> Bool {
        guard let overlap = held?.overlap(Decontamination.turns(of: messages)) else { return false }
        report.record(overlap, of: name)
        return true
    }

    /// Whether a prompt is like one that was drawn; where it is not, it counts as drawn.
    mutating func isNear(_ messages: [Message], _ name: String, _ report: inout DrawingReport) -> Bool {
        guard let match = near?.keepOrMatch(messages, name: name) else { return false }
        report.record(match, of: name)
        return true
    }

    /// Whether a held-out set knows what a model wrote, or an example of a proposer answers it.
    func isHeldOut(_ messages: [Message], _ name: String, _ report: inout DrawingReport) -> Bool {
        meets(messages, name, &report) || heldOut.contains(PromptDigest.of(messages))
            || answered.contains(PromptDigest.ofQuestion(messages))
    }

    /// What of these files a model may be shown.
    /// - Throws: what reading them throws.
    func seeds(in files: [String]) throws -> SeedPrompts {
        let near = NearPrompts(settings.nearDuplicates ?? .standard, seed: campaignSeed)
        return try SeedPrompts(files: files, near: near) { messages in
            heldOut.contains(PromptDigest.of(messages)) || held?.overlap(Decontamination.turns(of: messages)) != nil
        }
    }

    /// Whole numbers by shares that add up to `count`: the largest remainders are rounded up.
    static func quotas(of count: Int, _ shares: [Double]) -> [Int] {
        let sum = shares.reduce(0, +)
        guard count > 0, sum > 0 else { return shares.map { _ in 0 } }
        let exact = shares.map { Double(count) * ($0 / sum) }
        var quotas = exact.map { Int($0) }
        let byRemainder = exact.indices.sorted {
            (exact[$1] - exact[$1].rounded(.down), $0) < (exact[$0] - exact[$0].rounded(.down), $1)
        }
        for index in byRemainder.prefix(max(0, count - quotas.reduce(0, +))) { quotas[index] += 1 }
        return quotas
    }
}

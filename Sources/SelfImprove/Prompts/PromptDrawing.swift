import Foundation
import LocalLM
import ModelFiles

/// How a round draws its prompts: fresh ones of each file by its share, without those that a held-out set knows or that
/// are like one drawn before.
///
/// Time and memory are linear in the files (`NearDuplicates` alone compares pairs; the configuration bounds them).
struct PromptDrawing: Sendable {
    private let settings: CampaignConfiguration.Prompts
    private let used: Set<String>
    private let heldOut: Set<String>
    private let answered: Set<String>
    private let held: Decontamination?
    private var near: NearPrompts?
    /// Of tasks; nil: even.
    var weights: PromptWeights?

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
    }

    /// A seeded choice of prompts for a round, without any answers.
    /// - Returns: fewer than `count` where the sources have no more.
    func draw(_ count: Int, seed: UInt64) throws -> (rows: [PromptRow], report: DrawingReport) {
        let shares = settings.shares
        if shares.isEmpty {
            let rows = try settings.source.fresh(
                count: count,
                excluding: used,
                heldOut: heldOut,
                answered: answered,
                seed: seed
            )
            return (rows, DrawingReport(drawn: rows.count))
        }
        var pools = try pools().enumerated().map { index, pool in
            ordered(pool, seed: shares.count == 1 ? seed : RandomKey.derive(seed, UInt64(index)))[...]
        }
        let quotas = Self.quotas(of: count, shares.map(\.share))
        var sieve = self, report = DrawingReport(), rows: [PromptRow] = []
        var drawn = [Int](repeating: 0, count: shares.count), wanted = quotas
        repeat {
            for index in pools.indices {
                while drawn[index] < wanted[index], let candidate = pools[index].popFirst() {
                    guard sieve.passes(candidate, &report) else { continue }
                    rows.append(candidate.row)
                    drawn[index] += 1
                }
            }
            let missing = Self.quotas(
                of: count - rows.count,
                zip(shares, pools).map { $1.isEmpty ? 0 : $0.share }
            )
            for index in wanted.indices { wanted[index] = drawn[index] + missing[index] }
        } while wanted != drawn
        if shares.count > 1 {
            var random = RandomStream(key: RandomKey.derive(seed, "order"))
            random.shuffle(&rows)
        }
        let sum = shares.reduce(0) { $0 + $1.share }
        report.drawn = rows.count
        report.files = shares.indices.map {
            DrawingReport.File(
                file: shares[$0].file,
                share: shares[$0].share / sum,
                wanted: quotas[$0],
                drawn: drawn[$0]
            )
        }
        report.weights = weights?.tasks
        return (rows, report)
    }

    /// How many prompts rounds can still draw, counted up to `limit`; what falls out of them as far as it was counted.
    func left(upTo limit: Int) throws -> (count: Int, report: DrawingReport) {
        var sieve = self, report = DrawingReport()
        if settings.shares.isEmpty {
            report.drawn = try settings.source.left(upTo: limit, excluding: used, heldOut: heldOut, answered: answered)
            return (report.drawn, report)
        }
        for (share, pool) in zip(settings.shares, try pools()) {
            var count = 0
            for candidate in pool where report.drawn < limit && sieve.passes(candidate, &report) {
                report.drawn += 1
                count += 1
            }
            report.files.append(
                DrawingReport.File(file: share.file, share: share.share, wanted: count, drawn: count)
            )
        }
        return (report.drawn, report)
    }
}

extension PromptDrawing {
    private typealias Candidate = PromptSource.Candidate

    /// What of each file is fresh; what two files hold is the first one's.
    private func pools() throws -> [[Candidate]] {
        var seen = used
        return try settings.files.map {
            try PromptSource.candidates($0, &seen, heldOut: heldOut, answered: answered).filter(isAsked)
        }
    }

    /// Turn by turn, a conversation begins with a question, and that one is not held out either.
    private func isAsked(_ candidate: Candidate) -> Bool {
        guard settings.turns == .every else { return true }
        return ConversationTurns(candidate.row.prompt).turns.first.map { !heldOut.contains(PromptDigest.of($0)) }
            ?? false
    }

    /// A seeded order; with weights each prompt comes as early as its weight makes it likely (Efraimidis and Spirakis,
    /// "Weighted random sampling with a reservoir", 2006), so that the first ones are a weighted choice.
    private func ordered(_ pool: [Candidate], seed: UInt64) -> [Candidate] {
        var pool = pool, random = RandomStream(key: seed)
        random.shuffle(&pool)
        guard let weights else { return pool }
        let ranks = pool.map { -log(1 - random.uniform()) / weights[$0.row.task ?? PromptRow.defaultTask] }
        return pool.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }.map { pool[$0] }
    }

    private mutating func passes(_ candidate: Candidate, _ report: inout DrawingReport) -> Bool {
        if held == nil, near == nil { return true }
        let prompt = "\(candidate.file):\(candidate.line)"
        if let overlap = held?.overlap(Decontamination.turns(of: candidate.row.prompt)) {
            report.record(overlap, of: prompt)
            return false
        }
        if let match = near?.keepOrMatch(candidate.row.prompt, name: prompt) {
            report.record(match, of: prompt)
            return false
        }
        return true
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

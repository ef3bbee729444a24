import LocalLM
import ModelFiles

/// One drawing under way: what of the files is left, what was drawn, and what fell out.
///
/// Files give their shares first; models that write theirs are then compared with these; what one lacks the files give
/// in the end. A model never writes more than its share: what it costs was planned.
struct DrawingSession: Sendable {
    struct Drawn: Sendable {
        var row: PromptRow
        /// Nil of a row of a file.
        var origin: PromptOrigin?
    }

    let count: Int
    private let seed: UInt64
    private let shares: [PromptShare]
    private let quotas: [Int]
    private var drawn: [Int]
    private var rows: [Drawn] = []
    /// Empty of models that write.
    private var pools: [ArraySlice<PromptSource.Candidate>]
    private var sieve: PromptDrawing
    /// Questions of the files' rows, of earlier rounds, and of this one: no model writes them again. Empty where none
    /// writes.
    private var known: Set<String> = []
    private var report = DrawingReport()

    init(_ drawing: PromptDrawing, count: Int, seed: UInt64) throws {
        sieve = drawing
        self.count = count
        self.seed = seed
        shares = drawing.settings.shares
        quotas = PromptDrawing.quotas(of: count, shares.map(\.share))
        drawn = [Int](repeating: 0, count: shares.count)
        let hasShares = shares.count > 1
        pools = try drawing.pools(&report).enumerated().map { index, pool in
            drawing.ordered(pool, seed: hasShares ? RandomKey.derive(seed, UInt64(index)) : seed)[...]
        }
        if shares.isEmpty { rows = try drawing.made(count, seed: seed).map { Drawn(row: $0) } }
        if !drawing.settings.writers.isEmpty {
            known = drawing.drawnQuestions
            for pool in pools { known.formUnion(pool.map { PromptDigest.ofQuestion($0.row.prompt) }) }
        }
        draw(to: quotas)
    }

    /// Lets files give what is still missing.
    mutating func fill() {
        while true {
            let open = zip(shares, pools).map { $1.isEmpty ? 0 : $0.share }
            let missing = PromptDrawing.quotas(of: count - rows.count, open)
            if missing.allSatisfy({ $0 == 0 }) { return }
            draw(to: zip(drawn, missing).map { $0 + $1 })
        }
    }

    private mutating func draw(to wanted: [Int]) {
        for index in pools.indices {
            while drawn[index] < wanted[index], let candidate = pools[index].popFirst() {
                guard sieve.passes(candidate, &report) else { continue }
                rows.append(Drawn(row: candidate.row))
                drawn[index] += 1
            }
        }
    }

    /// The round's prompts in a seeded order, and what there is to tell.
    func result() -> (rows: [Drawn], report: DrawingReport) {
        var rows = rows, report = report
        if shares.count > 1 {
            var random = RandomStream(key: RandomKey.derive(seed, "order"))
            random.shuffle(&rows)
        }
        let sum = shares.reduce(0) { $0 + $1.share }
        report.drawn = rows.count
        report.files = shares.indices.compactMap { index in
            shares[index].file.map {
                DrawingReport.File(
                    file: $0,
                    share: shares[index].share / sum,
                    wanted: quotas[index],
                    drawn: drawn[index]
                )
            }
        }
        report.weights = sieve.weights?.tasks
        return (rows, report)
    }
}

// MARK: Models that write

extension DrawingSession {
    /// Prompts that a source gives by its share, and how many of them are missing.
    func wanted(of share: Int) -> Int { quotas[share] }
    func missing(of share: Int) -> Int { quotas[share] - drawn[share] }

    /// Of the round, 0 to 1.
    func part(of share: Int) -> Double { shares[share].share / shares.reduce(0) { $0 + $1.share } }

    /// What a model may be shown as seeds.
    /// - Throws: what reading the files throws.
    func seeds(of examples: PromptWriter.Examples) throws -> SeedPrompts {
        try sieve.seeds(in: examples.seeds.map { [$0] } ?? shares.compactMap(\.file))
    }

    /// Takes a prompt that a model wrote.
    /// - Parameter seeds: of the source; nil where it has none.
    /// - Returns: why it is not taken.
    mutating func admit(_ text: String, task: String?, _ origin: PromptOrigin, share: Int, seeds: inout SeedPrompts?)
        -> WritingReason?
    {
        if missing(of: share) == 0 { return .unused }
        let messages = [Message(role: "user", content: text)], question = PromptDigest.ofQuestion(messages)
        let place = "\(origin.source), generation \(origin.generation)"
        if sieve.isHeldOut(messages, place, &report) { return .heldOut }
        if known.contains(question) || seeds?.holds(messages) == true { return .known }
        if seeds?.isLikeOne(messages) == true { return .nearSeed }
        if sieve.isNear(messages, place, &report) { return .near }
        known.insert(question)
        rows.append(
            Drawn(row: PromptRow(id: PromptDigest.of(messages), task: task, prompt: messages), origin: origin)
        )
        drawn[share] += 1
        return nil
    }

    mutating func tell(_ written: DrawingReport.Written) { report.written = (report.written ?? []) + [written] }
}

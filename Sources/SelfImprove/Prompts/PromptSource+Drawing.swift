import Foundation
import LocalLM
import ModelFiles

extension PromptSource {
    /// A seeded choice of prompts for a round, without any answers.
    /// - Parameters:
    ///   - used: ids that earlier rounds drew.
    ///   - heldOut: digests of the prompts that no training may see.
    ///   - answered: digests of the questions that examples answer.
    /// - Returns: fewer than `count` where the source has no more.
    func fresh(
        count: Int,
        excluding used: Set<String>,
        heldOut: Set<String>,
        answered: Set<String>,
        seed: UInt64
    ) throws -> [PromptRow] {
        switch self {
        case .nursery: return Self.made(count, excluding: used, answered: answered, seed: seed)
        case .file(let path):
            var seen = used
            var candidates = try Self.candidates(path, &seen, heldOut: heldOut, answered: answered).map(\.row)
            var random = RandomStream(key: seed)
            random.shuffle(&candidates)
            return Array(candidates.prefix(count))
        }
    }

    /// How many prompts rounds can still draw, counted up to `limit`.
    func left(upTo limit: Int, excluding used: Set<String>, heldOut: Set<String>, answered: Set<String>) throws -> Int {
        switch self {
        case .nursery: return Self.made(limit, excluding: used, answered: answered, seed: 0).count
        case .file(let path):
            var seen = used
            return min(limit, try Self.candidates(path, &seen, heldOut: heldOut, answered: answered).count)
        }
    }

    /// As many more are made as examples may answer.
    private static func made(_ count: Int, excluding used: Set<String>, answered: Set<String>, seed: UInt64)
        -> [PromptRow]
    {
        let enough = min(count, .max - answered.count) + answered.count
        let rows = NurseryPrompts.fresh(count: enough, excluding: used, seed: seed)
        return Array(rows.filter { !answered.contains(PromptDigest.ofQuestion($0.prompt)) }.prefix(count))
    }

    /// A prompt that a round may draw, and where it stands.
    struct Candidate: Sendable {
        var row: PromptRow
        var file: String
        var line: Int

        var place: String { "\(file):\(line)" }
    }

    /// - Parameters:
    ///   - seen: ids that are taken; those of the candidates join them.
    ///   - onHeldOut: hears of the rows that a held-out set has word for word.
    static func candidates(
        _ path: String,
        _ seen: inout Set<String>,
        heldOut: Set<String>,
        answered: Set<String>,
        onHeldOut: (Candidate) -> Void = { _ in }
    ) throws -> [Candidate] {
        try JSONLines.numbered(PromptRow.self, from: URL(fileURLWithPath: path)).compactMap { line, row in
            let digest = PromptDigest.of(row.prompt)
            if heldOut.contains(digest) {
                onHeldOut(Candidate(row: row, file: path, line: line))
                return nil
            }
            guard !answered.contains(PromptDigest.ofQuestion(row.prompt)),
                seen.insert(row.id ?? digest).inserted
            else { return nil }
            // Of everything else that a row may hold, only what its prompt says in other words: never a gold answer.
            let stated = row.provenance.filter { Constraint.rowKeys.contains($0.key) }
            let fresh = PromptRow(id: row.id ?? digest, task: row.task, prompt: row.prompt, provenance: stated)
            return Candidate(row: fresh, file: path, line: line)
        }
    }

    /// A held-out set with its gold answers.
    /// - Parameter count: at most so many prompts; of a file with more a seeded choice, in the order of the file.
    func heldOut(_ set: HeldOutSet, count: Int, seed: UInt64, comparison: AnswerComparison) throws -> EvaluationSet {
        switch self {
        case .nursery:
            let split: NurseryInstruction.Split =
                switch set {
                case .gate: .gate
                case .report: .report
                }
            return try NurseryPrompts.evaluation(
                split,
                count: count,
                seed: RandomKey.derive(seed, set.rawValue),
                comparison: comparison
            )
        case .file(let path):
            let rows = try JSONLines.read(PromptRow.self, from: URL(fileURLWithPath: path))
            var random = RandomStream(key: RandomKey.derive(seed, set.rawValue))
            return try EvaluationSet(rows: random.choice(count, of: rows), name: path, comparison: comparison)
        }
    }
}

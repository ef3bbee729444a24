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
        case .nursery:
            let rows = NurseryPrompts.fresh(count: count + answered.count, excluding: used, seed: seed)
            return Array(rows.filter { !answered.contains(PromptDigest.ofQuestion($0.prompt)) }.prefix(count))
        case .file(let path):
            var seen = used
            var candidates = try JSONLines.read(PromptRow.self, from: URL(fileURLWithPath: path)).compactMap { row in
                let digest = PromptDigest.of(row.prompt)
                guard !heldOut.contains(digest), !answered.contains(PromptDigest.ofQuestion(row.prompt)),
                    seen.insert(row.id ?? digest).inserted
                else { return PromptRow?.none }
                return PromptRow(id: row.id ?? digest, task: row.task, prompt: row.prompt)
            }
            var random = RandomStream(key: seed)
            random.shuffle(&candidates)
            return Array(candidates.prefix(count))
        }
    }

    /// A held-out set with its gold answers.
    /// - Parameter count: at most so many prompts, from the beginning of a file.
    func heldOut(_ set: HeldOutSet, count: Int, seed: UInt64) throws -> EvaluationSet {
        switch self {
        case .nursery:
            let split: NurseryInstruction.Split =
                switch set {
                case .gate: .gate
                case .report: .report
                }
            return try NurseryPrompts.evaluation(split, count: count, seed: RandomKey.derive(seed, set.rawValue))
        case .file(let path):
            let rows = try JSONLines.read(PromptRow.self, from: URL(fileURLWithPath: path))
            return try EvaluationSet(rows: Array(rows.prefix(count)), name: path)
        }
    }
}

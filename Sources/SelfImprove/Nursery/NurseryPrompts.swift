import LocalLM
import ModelFiles

/// Instructions of the nursery: fresh ones for rounds, without any answer, and held-out ones with their key.
public enum NurseryPrompts {
    /// Fresh instructions for a round, mixed, with equal shares of the twelve skills. No id in `used` is drawn; if a
    /// skill has none left, the others take its share.
    public static func fresh(count: Int, excluding used: Set<String>, seed: UInt64) -> [PromptRow] {
        draw(count, from: .rounds, excluding: used, seed: seed).map {
            PromptRow(id: $0.id, task: $0.skill.rawValue, prompt: $0.messages)
        }
    }

    /// A held-out set with its key.
    public static func evaluation(
        _ split: NurseryInstruction.Split,
        count: Int,
        seed: UInt64,
        comparison: AnswerComparison = .whole
    ) throws -> EvaluationSet {
        let rows = draw(count, from: split, excluding: [], seed: seed).map {
            PromptRow(id: $0.id, task: $0.skill.rawValue, prompt: $0.messages, answer: $0.gold)
        }
        return try EvaluationSet(rows: rows, name: "the nursery's \(split) set", comparison: comparison)
    }

    private static func draw(
        _ count: Int,
        from split: NurseryInstruction.Split,
        excluding used: Set<String>,
        seed: UInt64
    ) -> [NurseryInstruction] {
        var random = RandomStream(key: RandomKey.derive(seed, "instructions"))
        var used = used
        var drawn: [NurseryInstruction] = []
        var skills = NurserySkill.evaluated
        while drawn.count < count, !skills.isEmpty {
            for skill in skills where drawn.count < count {
                if let next = unused(skill, split, used, &random) {
                    used.insert(next.id)
                    drawn.append(next)
                } else {
                    skills.removeAll { $0 == skill }
                }
            }
        }
        random.shuffle(&drawn)
        return drawn
    }

    /// A skill counts as exhausted when this many draws in a row were known already.
    private static let attempts = 400

    private static func unused(
        _ skill: NurserySkill,
        _ split: NurseryInstruction.Split,
        _ used: Set<String>,
        _ random: inout RandomStream
    ) -> NurseryInstruction? {
        for _ in 0..<attempts {
            let next = NurseryInstruction.draw(skill, from: split, &random)
            if !used.contains(next.id) { return next }
        }
        return nil
    }
}

extension NurseryInstruction {
    public var messages: [Message] { [Message(role: "user", content: text)] }
}

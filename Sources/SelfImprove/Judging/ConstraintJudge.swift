/// Prefers the answer that meets more of what the prompt itself asks for (`Constraint`: length, case, format, words
/// that are wanted or forbidden). A prompt that states nothing gives ties.
///
/// The constraints stand in the file of prompts in IFEval's form, `instruction_id_list` and `kwargs`. They are no gold
/// answers: they say what the prompt says.
public struct ConstraintJudge: Judge {
    public let name: String

    public init(name: String = "constraint") { self.name = name }

    public func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        judgements: [Judgement], usage: Usage
    ) {
        struct Question: Hashable { let constraints: [Constraint], text: String }
        var counts: [Question: Int] = [:]
        let judgements = comparisons.map { asked in
            func met(_ text: String) -> Int {
                let question = Question(constraints: asked.constraints, text: text)
                if let known = counts[question] { return known }
                let count = asked.constraints.count { $0.isMet(by: text) }
                counts[question] = count
                return count
            }
            return Judgement(Verdict(comparing: met(asked.first), met(asked.second)))
        }
        progress(comparisons.count)
        return (judgements, Usage())
    }
}

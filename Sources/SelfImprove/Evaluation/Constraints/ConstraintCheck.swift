/// Compares two answers by what their prompt asks for.
public struct ConstraintCheck: Sendable {
    public let constraints: [Constraint]

    /// Those of one prompt. Without any, every comparison is a tie.
    public init(_ constraints: [Constraint]) { self.constraints = constraints }

    /// How many of the constraints a text meets to the letter.
    public func met(by text: String) -> Int { constraints.count { $0.isMet(by: text) } }

    /// The answer that meets more; a tie where both meet as many. Which ones does not matter, nor what else
    /// the texts say.
    public func verdict(first: String, second: String) -> Verdict {
        let first = met(by: first), second = met(by: second)
        return first == second ? .tie : first > second ? .first : .second
    }
}

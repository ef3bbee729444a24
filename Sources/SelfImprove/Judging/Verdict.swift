/// A judge's word on two answers.
public enum Verdict: String, Sendable, Codable {
    case first, second, tie
    /// What the judge wrote could not be understood: counted, and never taken for a tie without saying so.
    case unparsable

    /// For the answer of which more can be said.
    init<Measure: Comparable>(comparing first: Measure, _ second: Measure) {
        self = first == second ? .tie : first > second ? .first : .second
    }

    /// What both orders say; a tie where they contradict each other or one cannot be read.
    /// - Parameter swapped: in the terms of this order.
    func agreed(with swapped: Verdict) -> Verdict { self == swapped && self != .unparsable ? self : .tie }

    /// The same verdict in the terms of the other order.
    public var swapped: Verdict {
        switch self {
        case .first: .second
        case .second: .first
        case .tie, .unparsable: self
        }
    }
}

/// The verdict on a round's challenger.
public enum RoundOutcome: String, Sendable, Codable {
    /// The challenger is the new champion.
    case promoted
    /// The challenger is worse, or a slice of it is.
    case rejected
    /// The interval of the difference contains 0.
    case inconclusive
    /// There was nothing to evaluate: no usable answers, no training.
    case abandoned
}

/// Why a text that a model wrote is no prompt of the round.
public enum WritingReason: String, Sendable, Codable, CaseIterable {
    /// What the model was shown is too long for it, or its endpoint has no answer.
    case unanswered
    case empty
    /// The length limit ended it, not the model.
    case truncated
    /// More words than an instruction has.
    case overLong = "over_long"
    /// It repeats itself.
    case repetition
    /// The model declines to write.
    case refusal
    /// It repeats the words in which the model was asked.
    case leak
    /// It holds tokens that structure conversations, control characters, or bytes that are no text.
    case garbled
    /// It is a seed, a prompt of the campaign's files, or one that was drawn.
    case known
    /// It meets a held-out set, or asks what a proposer's example answers.
    case heldOut = "held_out"
    /// It is like a seed.
    case nearSeed = "near_seed"
    /// It is like a prompt that was drawn.
    case near
    /// There were enough without it.
    case unused
}

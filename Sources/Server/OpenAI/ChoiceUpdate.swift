import LocalLM

/// The next part of one choice of an answer.
struct ChoiceUpdate: Sendable {
    var index: Int
    var text: String
    var tokens: [GeneratedToken]
    /// nil: more follows.
    var finish: FinishReason?
}

import LocalLM

/// The next part of one choice of an answer.
struct ChoiceUpdate: Sendable {
    var index: Int
    var text: String
    var tokens: [GeneratedToken]
    /// Whether it is the prompt, which the client wants before its answer.
    var isPrompt = false
    /// nil: more follows.
    var finish: FinishReason?
}

/// A prompt that is too long for the model: 400 with OpenAI's own code, by which clients know that a shorter one may
/// do.
struct ContextExceeded: Error {
    static let code = "context_length_exceeded"

    var tokens: Int
    var positions: Int

    var message: String { "a prompt of \(tokens) tokens; the model has \(positions) positions (shorten it)" }
}

import ModelFiles

/// A conversation as the turns of its user: the mixture answers one after the other, each after its *own* answers to
/// those before it (arXiv 2505.03059, section 3.1).
///
/// What the file's conversation has of the assistant is left out. A turn whose answer is dropped ends the conversation
/// before it: what came after would stand on an answer that must not be learned. The paper does not say what becomes of
/// such a conversation.
struct ConversationTurns {
    /// What the user says, with a system message before it in the first.
    let turns: [[Message]]

    init(_ conversation: [Message]) {
        turns = conversation.split(whereSeparator: \.isAnswer).map(Array.init)
    }

    /// The prompt after an answer to `prompt`; nil where that was the last turn.
    static func next(after prompt: PromptRecord, answered answer: String, at position: Int) -> PromptRecord? {
        guard let turn = prompt.following?.first else { return nil }
        var next = prompt
        next.position = position
        next.turn += 1
        next.messages += [Message(role: "assistant", content: answer)] + turn
        next.sha256 = PromptDigest.of(next.messages)
        let rest = Array(prompt.following?.dropFirst() ?? [])
        next.following = rest.isEmpty ? nil : rest
        return next
    }
}

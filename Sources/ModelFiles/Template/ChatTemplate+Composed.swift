/// Conversations that this program puts together: contexts of proposers, candidates before an aggregator.
extension ChatTemplate {
    /// Renders a conversation for an answer. Where the template refuses it, a system message goes before the first user
    /// turn (so Gemma 2's model card advises), and turns of one role that follow each other become one (Mistral's
    /// template wants them to alternate).
    /// - Throws: what the template says to the conversation as it is.
    package func renderComposed(_ messages: [Message]) throws -> String {
        do { return try render(messages, addGenerationPrompt: true) } catch let refusal as LocalLMError {
            let folded = Self.folded(messages)
            guard folded != messages else { throw refusal }
            do { return try render(folded, addGenerationPrompt: true) } catch { throw refusal }
        }
    }

    static func folded(_ messages: [Message]) -> [Message] {
        var folded: [Message] = []
        for message in messages {
            let before = folded.last
            let areTexts = message.members.isEmpty && before?.members.isEmpty == true
            if let before, areTexts, before.role == message.role || before.role == "system" && message.role == "user" {
                folded[folded.count - 1] = Message(
                    role: message.role,
                    content: before.content + "\n\n" + message.content
                )
            } else {
                folded.append(message)
            }
        }
        return folded
    }
}

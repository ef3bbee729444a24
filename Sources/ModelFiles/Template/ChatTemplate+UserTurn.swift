import Foundation

/// What a template writes around what a user says first: the model that goes on from `before` speaks as the user
/// (Magpie, arXiv 2406.08464).
public struct UserTurn: Sendable, Equatable {
    /// Everything up to the user's own words, a system message of the template's own included.
    public let before: String
    /// Everything between these words and the answer of the assistant.
    public let after: String
}

extension ChatTemplate {
    /// Where a conversation's first words of the user stand.
    /// - Throws: what `render` throws; where a text of the user does not stand in the rendering as it is, once.
    public func userTurn() throws -> UserTurn {
        let text = try render([Message(role: "user", content: Self.spoken)], addGenerationPrompt: true)
        let parts = text.components(separatedBy: Self.spoken)
        guard parts.count == 2 else {
            throw LocalLMError(
                .unsupported,
                "the chat template writes a text of the user \(parts.count - 1) times, or changes it",
                hint: "where a user speaks cannot be told with this model"
            )
        }
        return UserTurn(before: parts[0], after: parts[1])
    }

    /// In the place of a user's words; no template has it.
    private static let spoken = "wQ7zdoes9anybody3speakX1here"
}

extension UserTurn {
    /// The text that a model goes on from. Spaces at its end belong to the first word, as tokenizers see it ("[INST] "
    /// before "What"): a model that is shown them alone has never seen what follows.
    public var opening: String { String(before.trimmingSuffix { $0 == " " }) }

    /// The first line after the user's words, without spaces around it: where the model writes it, the turn has ended.
    public var closing: String? {
        let line = after.drop { $0.isWhitespace }.prefix { !$0.isNewline }
        let text = line.trimmingSuffix { $0 == " " }
        return text.isEmpty ? nil : String(text)
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(_ isTrimmed: (Character) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, isTrimmed(self[index(before: end)]) { end = index(before: end) }
        return self[startIndex..<end]
    }
}

import Foundation
import ModelFiles

/// A prompt's name across files: SHA-256 of its messages.
public enum PromptDigest {
    public static func of(_ messages: [Message]) -> String {
        ContentDigest.sha256(messages.map { "\($0.role)\u{1}\($0.content)" }.joined(separator: "\u{2}"))
    }

    /// Of what is asked alone: prompts that differ in their system message, or in white space around a text, are one.
    public static func ofQuestion(_ messages: [Message]) -> String {
        of(
            messages.filter { $0.role != "system" }.map {
                Message(role: $0.role, content: $0.content.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        )
    }
}

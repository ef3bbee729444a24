import ModelFiles

/// A prompt's name across files: SHA-256 of its messages.
public enum PromptDigest {
    public static func of(_ messages: [Message]) -> String {
        ContentDigest.sha256(messages.map { "\($0.role)\u{1}\($0.content)" }.joined(separator: "\u{2}"))
    }
}

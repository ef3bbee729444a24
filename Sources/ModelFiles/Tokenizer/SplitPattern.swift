/// The split patterns of byte-level tokenizers. Each cuts all of a text into words, leaving nothing between them.
///
/// A regular expression in tokenizer.json is known by its text; another is refused rather than guessed at.
enum SplitPattern: Sendable, Equatable {
    /// GPT-2's, and what ByteLevel splits with:
    ///
    ///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    case gpt2
    /// That of Llama 3 and its like (three digits), of Qwen 2, 2.5 and 3 (one digit):
    ///
    ///     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
    ///     ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    case words(digits: Int)

    init?(regularExpression text: String) {
        guard let known = Self.known.first(where: { $0.regularExpression == text }) else { return nil }
        self = known
    }

    private static let known: [SplitPattern] = [.gpt2, .words(digits: 3), .words(digits: 1)]

    /// The text that tokenizer.json has.
    var regularExpression: String {
        switch self {
        case .gpt2: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        case .words(let digits):
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
                + (digits == 1 ? #"\p{N}"# : #"\p{N}{1,\#(digits)}"#)
                + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        }
    }
}

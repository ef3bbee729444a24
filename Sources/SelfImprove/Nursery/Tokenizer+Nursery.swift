import ModelFiles

extension Tokenizer {
    /// The special tokens of nursery models; their ids are their places here.
    public enum NurseryToken: String, CaseIterable, Sendable {
        case pad = "<|pad|>"
        case end = "<|end|>"
        case ask = "<|ask|>"
        case aggregate = "<|aggregate|>"
        case answer = "<|answer|>"
        case separator = "<|sep|>"

        public var id: Int { Self.allCases.firstIndex(of: self)! }
    }

    /// The characters of the nursery's payloads and answers.
    public static let nurseryAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:?+=-"

    /// A tokenizer with one token for each template word; payloads and answers are spelled character by character.
    /// - Throws: for a word that GPT-2's pattern would cut.
    public static func nursery(words: [String]) throws -> Tokenizer {
        try wordLevel(
            words: words,
            alphabet: nurseryAlphabet,
            specialTokens: NurseryToken.allCases.map(\.rawValue)
        )
    }
}

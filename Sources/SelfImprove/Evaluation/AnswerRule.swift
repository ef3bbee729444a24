/// How the answers of a task are compared: what of a text is its answer, and what makes no difference.
public struct AnswerRule: Sendable, Hashable, Codable {
    public enum Extract: String, Sendable, Codable, CaseIterable {
        /// All of the text.
        case whole
        /// The last number of the text, compared as a number.
        case lastNumber = "last_number"
        /// The last of `choices` that the text holds.
        case choice
        /// The first JSON object or array of the text, in any order of its keys.
        case json
        /// What the last match of `pattern` captures.
        case regex
    }

    public enum Normalisation: String, Sendable, Codable, CaseIterable {
        /// Capital and small letters are the same.
        case letterCase = "case"
        /// White space at the ends is left out, and one space stands for any between words.
        case spaces
        /// Punctuation is left out.
        case punctuation
    }

    /// The text that a vote teaches.
    public enum Target: String, Sendable, Codable, CaseIterable {
        /// The shortest draft that says it.
        case shortest
        /// What was extracted from that draft, and nothing around it.
        case canonical
    }

    public var extract: Extract
    /// Of `regex`.
    public var pattern: String?
    /// Of `choice`.
    public var choices: [String]
    public var normalise: [Normalisation]
    public var target: Target

    public init(
        extract: Extract = .whole,
        pattern: String? = nil,
        choices: [String] = [],
        normalise: [Normalisation] = [],
        target: Target = .shortest
    ) {
        self.extract = extract
        self.pattern = pattern
        self.choices = choices
        self.normalise = normalise
        self.target = target
    }

    /// Texts are compared as they are.
    public var isWhole: Bool { extract == .whole && normalise.isEmpty }
}

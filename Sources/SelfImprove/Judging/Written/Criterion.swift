/// What answers are judged by: the eight criteria of the paper (arXiv 2505.03059, section 3.3).
public enum Criterion: String, Sendable, Hashable, Codable, CaseIterable {
    case instructionAdherence = "instruction adherence"
    case relevance, accuracy, depth, clarity, helpfulness, safety, robustness

    /// How many of them a conversation is judged by.
    public static let chosen = 3

    /// Where a choice cannot be read: the first three that MT-Bench's judge names (arXiv 2306.05685, figure 5).
    public static let standard: [Criterion] = [.helpfulness, .relevance, .accuracy]

    /// Its name in lower-case words.
    var words: [String] { rawValue.split(separator: " ").map(String.init) }
}

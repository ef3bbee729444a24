import ModelFiles

/// Whether an answer repeats the words in which a model was shown the candidates: 8 or more in a row, as normalised
/// (`NormalizedWords`). Words that the question holds, too, are no leak.
struct PromptLeak: Sendable {
    static let words = 8
    private let known: Set<[String]>

    init(_ prompt: AggregationPrompt) { self.init(words: prompt.ownTexts) }

    /// - Parameter texts: in which a model was asked for something.
    init(words texts: [String]) { known = texts.reduce(into: []) { $0.formUnion(Self.runs(of: $1)) } }

    /// Time is linear in the texts.
    func isIn(_ text: String, to messages: [Message]) -> Bool {
        if known.isEmpty { return false }
        let said = known.intersection(Self.runs(of: text))
        if said.isEmpty { return false }
        return !said.isSubset(of: messages.reduce(into: Set<[String]>()) { $0.formUnion(Self.runs(of: $1.content)) })
    }

    private static func runs(of text: String) -> [[String]] {
        let words = NormalizedWords.of(text)
        return words.count < Self.words
            ? [] : (0...words.count - Self.words).map { Array(words[$0..<$0 + Self.words]) }
    }
}

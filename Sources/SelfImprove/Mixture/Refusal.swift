/// Answers that decline to answer, in the words that chat models use (`Files/refusals.txt`, a section a language). They
/// are compared as words, so that apostrophes of every shape, punctuation, emphasis and case make no difference.
enum Refusal {
    static func opens(_ text: String, in languages: [String]) -> Bool { language(of: text, among: languages) != nil }

    /// The languages whose refusals are known.
    static let languages = RefusalPhrases.all.map(\.language)

    /// The language in which a text declines; nil where it does not.
    /// - Parameter languages: that are asked; nil: all.
    static func language(of text: String, among languages: [String]? = nil) -> String? {
        // A character may be made of any number of scalars.
        let start = String(String(text.unicodeScalars.prefix(4_000)).prefix(400))
        let words = SpokenWords(Self.words(start)), characters = SpokenWords(Self.characters(start))
        return RefusalPhrases.all.first { phrases in
            (languages?.contains(phrases.language) ?? true)
                && declines(phrases.isWrittenWithoutSpaces ? characters : words, phrases)
        }?.language
    }

    private static func declines(_ spoken: SpokenWords, _ phrases: RefusalPhrases) -> Bool {
        if phrases.openings.contains(where: { spoken.words.starts(with: $0) }) { return true }
        if let model = phrases.speakers.compactMap({ spoken.firstRange(of: $0) }).first, model.lowerBound < 8 {
            let next = model.upperBound..<model.upperBound + 12
            if phrases.selves.isEmpty || phrases.selves.contains(where: { spoken.firstRange(of: $0, in: next) != nil })
            {
                return true
            }
        }
        let inabilities = phrases.inabilities.compactMap { spoken.firstRange(of: $0) }
        guard let inability = inabilities.min(by: { $0.lowerBound < $1.lowerBound }) else { return false }
        let before = 0..<inability.lowerBound
        let apologises = phrases.apologies.contains { spoken.firstRange(of: $0, in: before) != nil }
        if apologises, inability.lowerBound <= phrases.reach { return true }
        guard inability.lowerBound == 0 else { return false }
        let next = inability.upperBound..<inability.upperBound + phrases.ahead
        return phrases.services.contains { spoken.firstRange(of: $0, in: next) != nil }
    }

    static func words(_ text: String) -> [Substring] {
        let plain = String(text.lowercased().map { apostrophes.contains($0) ? "'" : $0 })
        return plain.split { !($0.isLetter || $0.isNumber || $0 == "'") }.map { $0 }
    }

    /// A word each, for languages without spaces.
    static func characters(_ text: String) -> [Substring] {
        let plain = text.lowercased()
        return plain.indices.filter { plain[$0].isLetter || plain[$0].isNumber }.map { plain[$0...$0] }
    }

    private static let apostrophes: Set<Character> = [
        "\u{2019}", "\u{2018}", "\u{02BC}", "\u{2032}", "\u{FF07}", "`", "\u{B4}",
    ]
}

/// Words with the places of each.
private struct SpokenWords {
    let words: [Substring]
    private var places: [Substring: [Int]] = [:]

    init(_ words: [Substring]) {
        self.words = words
        for (place, word) in words.enumerated() { places[word, default: []].append(place) }
    }

    /// Where a phrase stands first, all of it within a range.
    func firstRange(of phrase: [Substring], in range: Range<Int>? = nil) -> Range<Int>? {
        let range = (range ?? words.indices).clamped(to: words.indices)
        guard let places = phrase.first.flatMap({ places[$0] }) else { return nil }
        return places.lazy.map { $0..<$0 + phrase.count }.first {
            range.lowerBound <= $0.lowerBound && $0.upperBound <= range.upperBound && words[$0].elementsEqual(phrase)
        }
    }
}

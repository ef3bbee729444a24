/// Answers that decline to answer, in the words that chat models use. They are compared as words, so that apostrophes
/// of every shape, punctuation, emphasis and case make no difference.
enum Refusal {
    static func opens(_ text: String) -> Bool {
        let words = Self.words(String(text.prefix(400)))
        if ["i'm sorry but i", "i am sorry but i"].contains(where: { words.starts(with: Self.words($0)) }) {
            return true
        }
        if let model = speaker.compactMap({ words.firstRange(of: $0) }).first, model.lowerBound < 8 { return true }
        guard
            let inability = inabilities.compactMap({ words.firstRange(of: $0) }).min(by: {
                $0.lowerBound < $1.lowerBound
            })
        else { return false }
        let apologises = words[..<inability.lowerBound].contains(where: apologies.contains)
        if apologises, inability.lowerBound <= 8 { return true }
        return inability.lowerBound == 0 && words[inability.upperBound...].prefix(2).contains(where: services.contains)
    }

    static func words(_ text: String) -> [Substring] {
        let plain = String(text.lowercased().map { apostrophes.contains($0) ? "'" : $0 })
        return plain.split { !($0.isLetter || $0.isNumber || $0 == "'") }.map { $0 }
    }

    private static let apostrophes: Set<Character> = [
        "\u{2019}", "\u{2018}", "\u{02BC}", "\u{2032}", "\u{FF07}", "`", "\u{B4}",
    ]
    private static let apologies: Set<Substring> = [
        "sorry", "apologies", "apologize", "apologise", "unfortunately", "regrettably", "regret", "afraid", "forgive",
    ]
    private static let inabilities = [
        "i can't", "i cannot", "i can not", "i cant", "i'm unable", "i am unable", "i'm not able", "i am not able",
        "i won't", "i will not", "i must decline", "i have to decline", "i don't feel comfortable", "we can't",
        "we cannot",
    ].map(words)
    private static let services: Set<Substring> = [
        "help", "assist", "comply", "fulfill", "fulfil", "provide", "answer", "discuss", "engage", "support",
        "participate",
    ]
    private static let speaker = [
        "as an ai", "as a language model", "as a large language model", "as an artificial intelligence",
    ].map(words)
}

extension [Substring] {
    fileprivate func firstRange(of phrase: [Substring]) -> Range<Int>? {
        guard phrase.count <= count else { return nil }
        return (0...count - phrase.count).first { self[$0...].starts(with: phrase) }.map { $0..<$0 + phrase.count }
    }
}

import LocalLM
import Testing

@testable import SelfImprove

/// Texts that nobody writes: the checks take them as they are, in time that grows with their length alone.
@Suite struct ConstraintFuzzTests {
    private static let all: [Constraint] = [
        .keywords(["a", "U.S."]), .keywordFrequency("aa", .init(.atLeast, 2)), .forbiddenWords(["a", "b*"]),
        .letterFrequency("a", .init(.lessThan, 9)), .language("en"), .sentences(.init(.atLeast, 2)), .paragraphs(2),
        .words(.init(.atLeast, 3)), .firstWord("a", paragraph: 1, count: 2), .placeholders(2), .postscript("P.P.S"),
        .postscript("P.S."), .postscript("Note"), .bullets(2), .fixedAnswer, .highlights(1_000_000),
        .sections("Section", 2), .json, .title, .twoResponses, .repeatedPrompt("a"), .ending("a"),
        .capitalWords(.init(.atLeast, 1_000_000)), .englishCapital, .englishLowercase, .noComma, .quotation,
    ]

    @Test(
        "random bytes and random pieces of what the checks look for crash nothing, and a loose mark is never stricter"
    )
    func randomTexts() {
        let pieces = [
            "*", "**", "***", "******", "[", "]", "<<", ">>", ".", "..", ". ", "! ", "?\"", "'", "''", "\"", "``", "--",
            ",",
            ":", "\n", "\n\n", " ", "\u{1C}", "\u{85}", "\u{3A3}", "\u{130}", "\u{301}", "\u{600}.", "a", "A", "U.S.",
            "can",
            "not", "wanna", "'tis", "Section 1", "p.", "s", "1", "3.", "{", "}", "```", "\\", "@", "http://",
            "\u{AC00}",
            "\u{5E9}", "\u{1F469}\u{200D}\u{1F469}", "My answer is no.", "\u{2019}", "\u{2014}", "$", "#", "- ",
            ". . .",
        ]
        for seed in UInt64(0)..<400 {
            var random = RandomStream(key: seed)
            let count = random.integer(below: 200)
            let text =
                if seed.isMultiple(of: 2) {
                    String(decoding: (0..<count).map { _ in UInt8(random.integer(below: 256)) }, as: UTF8.self)
                } else {
                    (0..<count).map { _ in pieces[random.integer(below: pieces.count)] }.joined()
                }
            let marks = ConstraintMarks(Self.all, of: text)
            for (index, constraint) in Self.all.enumerated() {
                #expect(marks.strict[index] == constraint.isMet(by: text), "seed \(seed), \(constraint.id)")
                #expect(!marks.strict[index] || constraint.isLooselyMet(by: text), "seed \(seed), \(constraint.id)")
            }
        }
    }

    @Test(
        "20,000 times the same takes no check more than seconds",
        arguments: [
            "*", "*x", "[", "<", "<<a", "\n", " ", "-\n", ".", ". ", "!", "a! ", "a", "A", "A ", "'", "\"", "\". ",
            "a@",
            "http://", "{\"a\":", "1", "Section", "Section1", "p.", "\u{3A3}", "a\u{300}", "a.b.", ". . a ", "--", "\\",
            "a,",
            "cannot ", "a\u{200D}", "x. ", "a.) ", ".\n", "1. ",
        ]
    ) func linearTime(piece: String) {
        let text = String(repeating: piece, count: 20_000 / piece.unicodeScalars.count)
        for constraint in Self.all {
            let time = ContinuousClock().measure { _ = constraint.isLooselyMet(by: text) }
            #expect(time < .seconds(20), "\(constraint.id) on \(piece.debugDescription)")
        }
    }

    @Test("JSON of a million levels is read without recursion")
    func deepJSON() {
        let depth = 1_000_000
        #expect(Constraint.json.isMet(by: String(repeating: "[", count: depth) + String(repeating: "]", count: depth)))
        #expect(!Constraint.json.isMet(by: String(repeating: "[", count: depth)))
    }
}

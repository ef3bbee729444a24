extension Constraint {
    static let fixedAnswers = ["My answer is yes.", "My answer is no.", "My answer is maybe."]

    /// Whether a text that is not blank does what was asked.
    func holds(for text: Scalars) -> Bool {
        switch self {
        case .keywords(let words): words.allSatisfy { Keyword(text: $0).isIn(text) == true }
        case .keywordFrequency(let word, let bound): Keyword(text: word).count(in: text).map(bound.holds) == true
        case .forbiddenWords(let words):
            words.allSatisfy { Keyword(text: $0, isWholeWord: true).isIn(text) == false }
        case .letterFrequency(let letter, let bound): bound.holds(text.lowered().count { $0 == letter })
        case .language(let code): LanguageGuess.language(of: text).map { $0 == code } ?? true
        case .sentences(let bound): bound.holds(SentenceSplitter.sentences(of: text).count)
        case .paragraphs(let count): text.dividedParagraphs == count
        case .words(let bound): bound.holds(text.split { !$0.isRegexWord }.count)
        case .firstWord(let word, let paragraph, let count): text.begins(with: word, paragraph: paragraph, of: count)
        case .placeholders(let least): text.placeholders >= least
        case .postscript(let marker): text.lowered().hasPostscript(marker)
        case .bullets(let count): text.lines(begunBy: "*", not: "*") + text.lines(begunBy: "-", not: nil) == count
        case .fixedAnswer:
            Self.fixedAnswers.contains { !Keyword(text: $0, ignoresCase: false).literalStarts(in: text).isEmpty }
        case .highlights(let least): text.highlights + text.doubleHighlights >= least
        case .sections(let word, let least): text.sections(begunBy: word).map { $0 >= least } == true
        case .json: JSONGrammar.holds(text.withoutFence)
        case .title: text.hasTitle
        case .twoResponses: text.holdsTwoResponses
        case .repeatedPrompt(let prompt):
            text.stripped().lowered().starts(with: Scalars(prompt).stripped().lowered())
        case .ending(let phrase):
            text.stripped().stripped { $0 == "\"" }.lowered().ends(with: Scalars(phrase).stripped().lowered())
        case .capitalWords(let bound): bound.holds(WordSplitter.capitalWords(of: text))
        case .englishCapital: text.isUpper && LanguageGuess.language(of: text) ?? "en" == "en"
        case .englishLowercase: text.isLower && LanguageGuess.language(of: text) ?? "en" == "en"
        case .noComma: !text.contains(",")
        case .quotation:
            {
                let text = text.stripped()
                return text.count > 1 && text.first == "\"" && text.last == "\""
            }()
        }
    }
}

/// One thing that a prompt asks of its answer and that a program can check.
///
/// The 25 instructions of IFEval (Zhou et al., "Instruction-Following Evaluation for Large Language Models", arXiv
/// 2311.07911) as lm-evaluation-harness 0.4.13 checks them, oddities included, for a figure is only worth something if
/// it is the others' figure. Where we deviate stands beside what deviates. Every check takes time in proportion to the
/// text.
public enum Constraint: Sendable, Hashable {
    /// All of them, in any case, also inside of words.
    case keywords([String])
    case keywordFrequency(String, Bound)
    /// None of them as a word, in any case.
    case forbiddenWords([String])
    /// In any case.
    case letterFrequency(Unicode.Scalar, Bound)
    /// As a code of `LanguageGuess`.
    case language(String)
    case sentences(Bound)
    /// Exactly so many, with `***` between them.
    case paragraphs(Int)
    case words(Bound)
    /// Exactly `count` paragraphs with an empty line between them, of which the `paragraph`th (from 1) begins with a
    /// word.
    case firstWord(String, paragraph: Int, count: Int)
    /// At least so many `[placeholders]`.
    case placeholders(Int)
    /// With this marker, in any case.
    case postscript(String)
    /// Exactly so many.
    case bullets(Int)
    /// "My answer is yes.", "no." or "maybe.".
    case fixedAnswer
    /// At least so many `*highlighted*` pieces.
    case highlights(Int)
    /// At least so many, each begun by this word and a number.
    case sections(String, Int)
    case json
    /// `<<one>>`.
    case title
    /// Two different ones with `******` between them.
    case twoResponses
    /// Begins with this, in any case.
    case repeatedPrompt(String)
    /// Ends with this, in any case.
    case ending(String)
    /// Words that are all capitals.
    case capitalWords(Bound)
    case englishCapital
    case englishLowercase
    case noComma
    /// In double quotation marks from the first character to the last.
    case quotation

    public struct Bound: Sendable, Hashable {
        public enum Relation: String, Sendable, Hashable, CaseIterable {
            case lessThan = "less than"
            case atLeast = "at least"
        }

        public var relation: Relation
        public var count: Int

        public init(_ relation: Relation, _ count: Int) {
            self.relation = relation
            self.count = count
        }

        func holds(_ count: Int) -> Bool { relation == .lessThan ? count < self.count : count >= self.count }
    }

    /// Whether a text does what was asked, to the letter. A blank text never does.
    public func isMet(by text: String) -> Bool {
        let scalars = Scalars(text)
        return !scalars.isBlank && holds(for: scalars)
    }

    /// Whether a text does what was asked, or would without its first line, its last line, or its asterisks: IFEval's
    /// loose mark, which forgives "Sure, here it is:" and emphasis.
    public func isLooselyMet(by text: String) -> Bool {
        Self.looseVariants(of: Scalars(text)).contains { !$0.isBlank && holds(for: $0) }
    }

    /// The text, then what the loose mark looks at, without repetitions.
    private static func looseVariants(of text: Scalars) -> [Scalars] {
        var parts = [text], variants: [Scalars] = []
        if let first = text.firstIndex(of: "\n"), let last = text.lastIndex(of: "\n") {
            parts += [text[(first + 1)...].stripped(), text[..<last].stripped()]
            if first < last { parts.append(text[(first + 1)..<last].stripped()) }
        }
        for part in parts {
            for variant in [part, part.contains("*") ? part.filter { $0 != "*" }[...] : part]
            where !variants.contains(variant) { variants.append(variant) }
        }
        return variants
    }
}

/// What a text's own constraints say of it, in their order.
public struct ConstraintMarks: Sendable, Equatable {
    public let strict: [Bool]
    public let loose: [Bool]

    public init(_ constraints: [Constraint], of text: String) {
        strict = constraints.map { $0.isMet(by: text) }
        loose = zip(constraints, strict).map { $1 || $0.isLooselyMet(by: text) }
    }
}

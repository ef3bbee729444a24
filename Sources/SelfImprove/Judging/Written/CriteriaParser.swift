/// Reads a choice of criteria out of what a model wrote: exactly three different ones that are known.
///
/// A name is found in any case and with anything but letters between its words (`Instruction_Adherence`,
/// `instructionAdherence`). Where a text names more than three, because it repeats the list or gives reasons, the first
/// of these groups that has exactly three decides: names in quotation marks (JSON), names that begin a line (lists),
/// and the names of the last line that has any. Only the last 8,192 scalars of a text are looked at, and nothing of
/// what a reasoning model thinks.
public enum CriteriaParser {
    static let mostScalars = 1 << 13

    /// In the order in which `Criterion` lists them: the same choice gives the same prompts.
    public static func parse(_ text: String) -> Reading<[Criterion]> {
        let mentions = mentions(in: (RawText.conclusion(text) ?? ""[...].unicodeScalars).suffix(mostScalars))
        let groups = [
            mentions,
            mentions.filter(\.isQuoted),
            mentions.filter(\.beginsLine),
            mentions.filter { $0.line == mentions.last?.line },
        ]
        for group in groups {
            let chosen = Set(group.map(\.criterion))
            if chosen.count == Criterion.chosen { return .understood(Criterion.allCases.filter(chosen.contains)) }
        }
        return .unparsable(raw: RawText.bounded(text))
    }

    private struct Mention {
        var criterion: Criterion
        var line: Int
        /// No word stands before it on its line.
        var beginsLine: Bool
        /// Quotation marks enclose it.
        var isQuoted: Bool
    }

    private struct Word {
        var text: String
        var line: Int
        var isFirst: Bool
        /// The scalars beside it.
        var before: Unicode.Scalar?
        var after: Unicode.Scalar?
    }

    /// The words of every name, and the name without spaces.
    private static let names = Criterion.allCases.map { (criterion: $0, words: $0.words, joined: $0.words.joined()) }

    private static func mentions(in scalars: some BidirectionalCollection<Unicode.Scalar>) -> [Mention] {
        let words = words(of: scalars)
        return words.indices.compactMap { index in
            let word = words[index]
            for name in names {
                let next = index + 1 < words.count && words[index + 1].line == word.line ? words[index + 1] : nil
                let last = word.text == name.joined ? word : [word.text, next?.text] == name.words ? next : nil
                guard let last else { continue }
                return Mention(
                    criterion: name.criterion,
                    line: word.line,
                    beginsLine: word.isFirst,
                    isQuoted: word.before.map(isQuote) == true && last.after.map(isQuote) == true
                )
            }
            return nil
        }
    }

    /// Runs of letters and of marks that combine with them, in lower case.
    private static func words(of scalars: some BidirectionalCollection<Unicode.Scalar>) -> [Word] {
        var words: [Word] = []
        var current: Word?
        var line = 0, isFirst = true, previous: Unicode.Scalar?
        for scalar in scalars {
            if isLetter(scalar) {
                if current == nil { current = Word(text: "", line: line, isFirst: isFirst, before: previous) }
                current?.text += scalar.properties.lowercaseMapping
            } else {
                if var word = current {
                    word.after = scalar
                    words.append(word)
                    (current, isFirst) = (nil, false)
                }
                if scalar == "\n" || scalar == "\r" { (line, isFirst) = (line + 1, true) }
            }
            previous = scalar
        }
        return current.map { words + [$0] } ?? words
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.generalCategory == .nonspacingMark
    }

    private static func isQuote(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\"", "'", "“", "”", "`": true
        default: false
        }
    }
}

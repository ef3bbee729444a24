/// A word of a text as Punkt sees it, and what was decided about the period at its end.
struct PunktToken {
    let scalars: Scalars
    /// In lower case; numbers are all one.
    let type: String
    private var isAbbreviation = false
    private var isEllipsis = false
    private(set) var isSentenceBreak = false

    static let number = "##number##"

    init(_ scalars: Scalars) {
        self.scalars = scalars
        type = Self.isNumber(scalars) ? Self.number : scalars.lowered().text
        decideAlone()
    }

    /// Whether a sentence ends in a text, and something follows.
    static func hasSentenceBreak(_ text: Scalars) -> Bool {
        var previous: PunktToken?
        for line in text.split(separator: "\n") where !line.isBlank {
            var index = line.startIndex
            while let token = next(in: line, &index).map(PunktToken.init) {
                previous?.decide(before: token)
                if previous?.isSentenceBreak == true { return true }
                previous = token
            }
        }
        return false
    }

    /// By the word itself: marks end sentences, and so do periods that belong to no known abbreviation.
    private mutating func decideAlone() {
        if scalars.count == 1, Self.endsSentence(scalars.first!) {
            isSentenceBreak = true
        } else if scalars.count > 1, scalars.allSatisfy({ $0 == "." }) {
            isEllipsis = true
        } else if hasPeriod, !scalars.dropLast().ends(with: ["."]) {
            let word = scalars.dropLast().lowered(), last = word.split(separator: "-", omittingEmptySubsequences: false)
            isAbbreviation =
                PunktEnglish.abbreviations.contains(word.text)
                || PunktEnglish.abbreviations.contains(last.last?.text ?? "")
            isSentenceBreak = !isAbbreviation
        }
    }

    /// By the word after it (sections 4.1 to 4.3 of the paper).
    private mutating func decide(before next: PunktToken) {
        guard hasPeriod else { return }
        let nextType = next.isSentenceBreak ? next.typeWithoutPeriod : next.type
        if PunktEnglish.collocations.contains([typeWithoutPeriod, nextType]) {
            isSentenceBreak = false
            return
        }
        let isInitial = scalars.count == 2 && scalars.first!.isRegexWord && !scalars.first!.isPythonDigit
        let startsSentence = next.startsSentence(nextType)
        if isAbbreviation || isEllipsis, !isInitial {
            if startsSentence == true || (next.isUpper && PunktEnglish.starters.contains(nextType)) {
                isSentenceBreak = true
                return
            }
        }
        guard isInitial || typeWithoutPeriod == Self.number else { return }
        if startsSentence == false
            || (startsSentence == nil && isInitial && next.isUpper && PunktEnglish.cases[nextType] == nil)
        {
            isSentenceBreak = false
        }
    }

    /// Whether its case, and the cases in which it was seen, say that it begins a sentence; nil where they say nothing.
    private func startsSentence(_ type: String) -> Bool? {
        if scalars.count == 1, Self.punctuation.contains(scalars.first!) { return false }
        let seen = PunktEnglish.cases[type]
        if isUpper, let seen, seen != .alsoUpperInside { return true }
        if scalars.first!.properties.isLowercase, seen != .onlyLower { return false }
        return nil
    }

    private var hasPeriod: Bool { scalars.last == "." }
    private var isUpper: Bool { scalars.first!.properties.isUppercase }
    private var typeWithoutPeriod: String {
        type.utf8.count > 1 && type.utf8.last == 0x2E ? String(type.unicodeScalars.dropLast()) : type
    }

    /// `^-?[\.,]?\d[\d,\.-]*\.?$`
    private static func isNumber(_ token: Scalars) -> Bool {
        var rest = token
        if rest.first == "-" { rest = rest.dropFirst() }
        if rest.first == "." || rest.first == "," { rest = rest.dropFirst() }
        guard rest.first?.isPythonDigit == true else { return false }
        return rest.allSatisfy { $0.isPythonDigit || $0 == "," || $0 == "." || $0 == "-" }
    }

    // MARK: Words

    /// The next word of a line: dashes and dots that stand together, a word up to its end, else a single mark.
    private static func next(in line: Scalars, _ index: inout Int) -> Scalars? {
        guard let start = line[index...].firstIndex(where: { !$0.isRegexSpace }) else { return nil }
        index = start
        if let end = marksEnd(line, start) {
            index = end
        } else if startsWord(line[start]) {
            repeat { index += 1 } while !isWordEnd(line, index)
        } else {
            index = start + 1
        }
        return line[start..<index]
    }

    private static func isWordEnd(_ line: Scalars, _ index: Int) -> Bool {
        func isEnd(_ index: Int) -> Bool {
            index == line.endIndex || line[index].isRegexSpace || endsWord(line[index]) || startsMarks(line, index)
        }
        return isEnd(index) || (line[index] == "," && isEnd(index + 1))
    }

    /// `\-{2,}|\.{2,}|(?:\.\s){2,}\.`
    private static func marksEnd(_ line: Scalars, _ start: Int) -> Int? {
        guard startsMarks(line, start) else { return nil }
        let mark = line[start]
        if line[start + 1] == mark { return line[start...].firstIndex { $0 != mark } ?? line.endIndex }
        var end = start + 1
        while end + 1 < line.endIndex, line[end].isRegexSpace, line[end + 1] == "." { end += 2 }
        return end
    }

    private static func startsMarks(_ line: Scalars, _ index: Int) -> Bool {
        guard index + 1 < line.endIndex, line[index] == "-" || line[index] == "." else { return false }
        if line[index + 1] == line[index] { return true }
        return line[index] == "." && index + 4 < line.endIndex && line[index + 1].isRegexSpace
            && line[index + 2] == "." && line[index + 3].isRegexSpace && line[index + 4] == "."
    }

    static func endsSentence(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "?" || scalar == "!" }

    /// What cannot be inside of a word.
    static func endsWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case ")", "\"", ";", "}", "]", "*", ":", "@", "'", "(", "{", "[", "?", "!": true
        case "\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}", "\u{AB}", "\u{BB}": true
        default: false
        }
    }

    private static func startsWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "(", "\"", "`", "{", "[", ":", ";", "&", "#", "*", "@", ")", "}", "]", "-", ",": false
        default: true
        }
    }

    private static let punctuation: Set<Unicode.Scalar> = [";", ":", ",", ".", "!", "?"]
}

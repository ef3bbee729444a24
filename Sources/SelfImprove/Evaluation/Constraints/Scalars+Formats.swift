/// What the checks of formats look for. Each is a regular expression of the original, quoted beside it, as a scan in
/// linear time.
extension Scalars {
    /// The parts between matches of `literal`, from the left.
    func parts(between literal: String) -> [Scalars] {
        var parts: [Scalars] = [], start = startIndex
        let width = literal.unicodeScalars.count
        for index in Keyword(text: literal, ignoresCase: false).literalStarts(in: self) where index >= start {
            parts.append(self[start..<index])
            start = index + width
        }
        return parts + [self[start...]]
    }

    /// `\s?\*\*\*\s?` divides; parts that are blank count only where they are first or last, and then as none.
    /// - Returns: nil where a part in the middle is blank.
    var dividedParagraphs: Int? {
        var parts: [Scalars] = [], start = startIndex
        for index in Keyword(text: "***", ignoresCase: false).literalStarts(in: self) where index >= start {
            let hasSpace = index > start && self[index - 1].isPythonSpace
            parts.append(self[start..<(hasSpace ? index - 1 : index)])
            start = index + 3
            if start < endIndex, self[start].isPythonSpace { start += 1 }
        }
        parts.append(self[start...])
        var count = parts.count
        for (index, part) in parts.enumerated() where part.isBlank {
            guard index == 0 || index == parts.count - 1 else { return nil }
            count -= 1
        }
        return count
    }

    /// Whether there are `count` paragraphs between empty lines, and one of them begins with a word.
    func begins(with word: String, paragraph: Int, of count: Int) -> Bool {
        let parts = parts(between: "\n\n")
        guard parts.count(where: { !$0.isBlank }) == count, paragraph <= count else { return false }
        guard let first = parts[paragraph - 1].words().first else { return false }
        let bare = first.drop { $0 == "'" }.drop { $0 == "\"" }
        let ends: Set<Unicode.Scalar> = [".", ",", "?", "!", "'", "\""]
        // Letter by letter, as in the original: a sigma at the end stays σ.
        let letters = bare.prefix { !ends.contains($0) }.flatMap {
            $0 == "\u{3A3}" ? ["\u{3C3}"] : Array([$0][...].lowered())
        }
        return letters.elementsEqual(Scalars(word).lowered())
    }

    /// `\[.*?\]`
    var placeholders: Int {
        var count = 0, index = startIndex
        while let open = first("[", from: index) {
            let end = lineEnd(open)
            if let close = first("]", from: open, to: end) {
                count += 1
                index = close + 1
            } else {
                index = end  // no bracket of this line is closed
            }
        }
        return count
    }

    /// `^\s*\*[^\*].*$` or `^\s*-.*$`, by lines. The space may be whole lines, and so may `[^\*]` be a newline.
    func lines(begunBy mark: Unicode.Scalar, not next: Unicode.Scalar?) -> Int {
        var count = 0, start = startIndex
        while true {
            let place = afterSpace(start)
            var end = place
            if place < endIndex, self[place] == mark {
                if next == nil {
                    end = lineEnd(place + 1)
                } else if place + 1 < endIndex, self[place + 1] != next {
                    end = lineEnd(place + 2)
                }
            }
            if end > place {
                count += 1
                if self[end - 1] == "\n" {
                    start = end
                    continue
                }
            }
            // Lines that begin in the space passed over would find the same.
            guard let newline = first("\n", from: end) else { return count }
            start = newline + 1
        }
    }

    /// `\*[^\n\*]*\*` that hold something.
    var highlights: Int {
        var count = 0, index = startIndex
        while let open = first("*", from: index), open + 1 < endIndex {
            guard let end = self[(open + 1)...].firstIndex(where: { $0 == "*" || $0 == "\n" }) else { break }
            if self[end] == "*", !self[(open + 1)..<end].isBlank { count += 1 }
            index = end + 1
        }
        return count
    }

    /// `\*\*[^\n\*]*\*\*` that hold something.
    var doubleHighlights: Int {
        var count = 0, index = startIndex
        while let open = first("*", from: index), open + 3 < endIndex {
            guard self[open + 1] == "*" else {
                index = open + 1
                continue
            }
            guard let end = self[(open + 2)...].firstIndex(where: { $0 == "*" || $0 == "\n" }) else { break }
            if has(["*", "*"], at: end) {
                if !self[(open + 2)..<end].isBlank { count += 1 }
                index = end + 2
            } else {
                index = end == open + 2 ? open + 1 : end
            }
        }
        return count
    }

    /// Matches of `\s?` word `\s?\d+\s?`.
    /// - Returns: nil where the word is a pattern that would take too long.
    func sections(begunBy word: String) -> Int? {
        let keyword = Keyword(text: word, ignoresCase: false)
        if !keyword.isLiteral, let pattern = try? LinearPattern("\\s?" + word + "\\s?\\d+\\s?") {
            return pattern.count(in: Array(self))
        }
        var count = 0, next = startIndex
        let width = word.unicodeScalars.count
        for start in keyword.literalStarts(in: self) where start >= next {
            var end = start + width
            if end < endIndex, self[end].isPythonSpace { end += 1 }
            let digits = self[end...].prefix(while: \.isPythonDigit)
            guard !digits.isEmpty else { continue }
            count += 1
            next = digits.endIndex
        }
        return count
    }

    /// In lower case already. `p\.\s?p\.\s?s` for "P.P.S", `p\.\s?s\.` for "P.S.", another marker as it is.
    func hasPostscript(_ marker: String) -> Bool {
        switch marker {
        case "P.P.S": hasSequence(["p.", "p.", "s"])
        case "P.S.": hasSequence(["p.", "s."])
        default: Keyword(text: Scalars(marker).lowered().text, ignoresCase: false).isIn(self) == true
        }
    }

    /// The pieces one after the other, with one space or none between them.
    private func hasSequence(_ pieces: [String]) -> Bool {
        Keyword(text: pieces[0]).literalStarts(in: self).contains { start in
            var index = start + pieces[0].unicodeScalars.count
            for piece in pieces.dropFirst() {
                if index < endIndex, self[index].isPythonSpace { index += 1 }
                guard has(piece.unicodeScalars, at: index) else { return false }
                index += piece.unicodeScalars.count
            }
            return true
        }
    }

    /// `<<[^\n]+>>` that holds something: from the first `<<` of a line to its last `>>`.
    var hasTitle: Bool {
        split(separator: "\n").contains { line in
            let opens = Keyword(text: "<<").literalStarts(in: line),
                closes = Keyword(text: ">>").literalStarts(in: line)
            guard let open = opens.first, let close = closes.last, close >= open + 3 else { return false }
            return !line[open..<(close + 2)].drop { $0 == "<" }.reversed().drop { $0 == ">" }
                .allSatisfy(\.isPythonSpace)
        }
    }

    var holdsTwoResponses: Bool {
        let parts = parts(between: "******")
        guard parts.dropFirst().dropLast().allSatisfy({ !$0.isBlank }) else { return false }
        let responses = parts.filter { !$0.isBlank }
        return responses.count == 2 && responses[0].stripped() != responses[1].stripped()
    }

    /// Without the ticks that markdown puts around code, and the space around.
    var withoutFence: Scalars {
        var text = stripped()
        for prefix in ["```json", "```Json", "```JSON", "```"]
        where text.has(prefix.unicodeScalars, at: text.startIndex) {
            text = text.dropFirst(prefix.unicodeScalars.count)
        }
        if text.ends(with: "```".unicodeScalars) { text = text.dropLast(3) }
        return text.stripped()
    }
}

/// Splits English text into sentences as nltk 3.10 does: Punkt (Kiss and Strunk, "Unsupervised Multilingual Sentence
/// Boundary Detection", Computational Linguistics 32, 2006) with the parameters that its authors trained on the Wall
/// Street Journal (`PunktEnglish`). Takes linear time.
///
/// A period, question or exclamation mark with a space or punctuation after it may end a sentence. Whether it does is
/// decided on the two words around it.
struct SentenceSplitter {
    private let text: Scalars

    static func sentences(of text: Scalars) -> [Scalars] { SentenceSplitter(text: text).sentences() }

    /// A mark that may end a sentence: where the word before it begins, where the mark is, where the next word begins
    /// (nil where punctuation follows) and what is looked at ends.
    private struct Candidate {
        var word: Range<Int>
        var next: Int?
        var end: Int
    }

    private func sentences() -> [Scalars] {
        var slices: [Range<Int>] = [], start = text.startIndex
        for candidate in candidates() {
            let context = candidate.word.lowerBound..<candidate.end
            guard PunktToken.hasSentenceBreak(text[context]) else { continue }
            let end = candidate.word.upperBound + 1
            slices.append(start..<end)
            start = candidate.next ?? end
        }
        var end = text.endIndex
        while end > text.startIndex, text[end - 1].isPythonSpace { end -= 1 }
        // Where the last sentence ended in front of nothing but space.
        slices.append(start..<max(start, end))
        return realigned(slices)
    }

    /// Of marks in one word (`!!!`) the last.
    private func candidates() -> [Candidate] {
        var found: [Candidate] = [], previous: Candidate?
        for index in text.indices {
            guard PunktToken.endsSentence(text[index]), let (end, next) = lookAhead(index + 1) else { continue }
            let (from, wordStart) =
                previous.map { ($0.word.upperBound, $0.word.lowerBound) }
                ?? (text.startIndex, text.startIndex)
            let space = text[from..<index].lastIndex(where: Self.isASCIISpace).flatMap { $0 > from ? $0 : nil }
            let word = (space.map { $0 + 1 } ?? wordStart)..<index
            if let previous, previous.word.upperBound <= word.lowerBound { found.append(previous) }
            previous = Candidate(word: word, next: next, end: end)
        }
        return found + (previous.map { [$0] } ?? [])
    }

    /// Where the punctuation or the word after a mark ends; nil where there is neither.
    private func lookAhead(_ index: Int) -> (end: Int, next: Int?)? {
        guard index < text.endIndex else { return nil }
        if PunktToken.endsWord(text[index]) { return (index + 1, nil) }
        guard text[index].isRegexSpace else { return nil }
        guard let next = text[index...].firstIndex(where: { !$0.isRegexSpace }) else { return nil }
        return (text[next...].firstIndex(where: \.isRegexSpace) ?? text.endIndex, next)
    }

    private static func isASCIISpace(_ scalar: Unicode.Scalar) -> Bool {
        (0x09...0x0D).contains(scalar.value) || scalar == " "
    }

    /// Closing quotes and brackets at the beginning of a sentence go to the one before it.
    private func realigned(_ slices: [Range<Int>]) -> [Scalars] {
        var sentences: [Scalars] = [], moved = 0
        for (index, slice) in slices.enumerated() {
            let start = slice.lowerBound + moved
            if index + 1 < slices.count, let (closers, width) = closers(slices[index + 1]) {
                sentences.append(text[start..<(slices[index + 1].lowerBound + closers)])
                moved = width
                continue
            }
            moved = 0
            if start < slice.upperBound { sentences.append(text[start..<slice.upperBound]) }
        }
        return sentences
    }

    /// How many closing marks a slice begins with, and how wide they are with the space after them.
    private func closers(_ slice: Range<Int>) -> (count: Int, width: Int)? {
        let part = text[slice]
        let end = part.firstIndex { !Self.closing.contains($0) } ?? part.endIndex
        let count = end - part.startIndex
        guard count > 0 else { return nil }
        guard end < part.endIndex else { return (count, count) }
        if part.has(["-", "-"], at: end) { return (count, count) }
        guard part[end].isRegexSpace else { return nil }
        let word = part[end...].firstIndex { !$0.isRegexSpace } ?? part.endIndex
        return (count, word - part.startIndex)
    }

    private static let closing: Set<Unicode.Scalar> = [
        "\"", "'", ")", "]", "}", "\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}", "\u{AB}", "\u{BB}",
    ]
}

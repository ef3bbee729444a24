/// What a constraint looks for in a text. As in IFEval, it is a regular expression of Python where it has that syntax,
/// so the dots of "U.S." stand for any character.
///
/// Deviation: what is no pattern in linear time ("C++", back references) is looked for as it is written, where the
/// original fails or backtracks.
struct Keyword: Sendable, Hashable {
    let text: String
    var ignoresCase = true
    /// Only between edges of words: `\b` before and after it.
    var isWholeWord = false

    private static let syntax: Set<Unicode.Scalar> = [
        "\\", ".", "^", "$", "*", "+", "?", "{", "}", "[", "]", "|", "(", ")",
    ]

    func isIn(_ text: Scalars) -> Bool? { count(in: text, most: 1).map { $0 > 0 } }

    /// Matches that do not overlap, from the left.
    /// - Returns: nil for a pattern that would take too long on this text.
    func count(in text: Scalars, most: Int = .max) -> Int? {
        if let pattern { return pattern.count(in: Array(text), most: most) }
        var count = 0, next = text.startIndex
        for start in literalStarts(in: text) where start >= next {
            count += 1
            next = start + self.text.unicodeScalars.count
            if count == most { break }
        }
        return count
    }

    /// Whether no character of it means something else.
    var isLiteral: Bool { !text.unicodeScalars.contains(where: Self.syntax.contains) }

    private var pattern: LinearPattern? {
        guard !isLiteral else { return nil }
        let edge = isWholeWord ? "\\b" : ""
        return try? LinearPattern((ignoresCase ? "(?i)" : "") + edge + text + edge)
    }

    /// Where it begins as it is written, also where such places overlap (Knuth, Morris and Pratt 1977: in linear time).
    func literalStarts(in text: Scalars) -> [Int] {
        let wanted = self.text.unicodeScalars.map { ignoresCase ? $0.caseFolded : $0 }
        guard !wanted.isEmpty, wanted.count <= text.count else { return [] }
        var borders = [0], length = 0
        for scalar in wanted.dropFirst() {
            while length > 0, wanted[length] != scalar { length = borders[length - 1] }
            if wanted[length] == scalar { length += 1 }
            borders.append(length)
        }
        var starts: [Int] = []
        length = 0
        for (index, original) in zip(text.indices, text) {
            let scalar = ignoresCase ? original.caseFolded : original
            while length > 0, wanted[length] != scalar { length = borders[length - 1] }
            if wanted[length] == scalar { length += 1 }
            guard length == wanted.count else { continue }
            let start = index + 1 - length
            if !isWholeWord || (text.isWordEdge(start) && text.isWordEdge(index + 1)) { starts.append(start) }
            length = borders[length - 1]
        }
        return starts
    }
}

extension Scalars {
    /// `\b` of Python's `re`.
    func isWordEdge(_ index: Int) -> Bool {
        let before = index > startIndex && self[index - 1].isPythonWord
        return before != (index < endIndex && self[index].isPythonWord)
    }
}

extension LinearPattern {
    /// How many matches `re.findall` has; nil where the text takes more steps than there are.
    func count(in scalars: [Unicode.Scalar], most: Int = .max) -> Int? {
        var machine = LinearPatternMachine(self, scalars)
        var count = 0, start = 0
        while count < most, start <= scalars.count, let match = machine.match(from: start) {
            count += 1
            start = match[1] > match[0] ? match[1] : match[1] + 1
        }
        return machine.isExhausted ? nil : count
    }
}

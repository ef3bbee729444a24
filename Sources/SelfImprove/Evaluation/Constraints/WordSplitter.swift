/// Splits English text into words as nltk's `word_tokenize` does: sentences first, then the rules of the Penn Treebank
/// (Robert MacIntyre's script) as nltk 3.10 has them, one replacement after the other. Takes linear time.
struct WordSplitter {
    private var text: [Unicode.Scalar]

    /// How many words are all capitals.
    static func capitalWords(of text: Scalars) -> Int {
        SentenceSplitter.sentences(of: text).reduce(0) { count, sentence in
            guard sentence.contains(where: { $0.properties.isUppercase }) else { return count }
            return count + words(ofSentence: sentence).count { $0.isUpper }
        }
    }

    static func words(ofSentence sentence: Scalars) -> [Scalars] {
        var splitter = WordSplitter(text: Array(sentence))
        splitter.split()
        return splitter.text[...].words()
    }

    private mutating func split() {
        startQuotes()
        punctuation()
        pad { "[](){}<>".unicodeScalars.contains($0) }
        pad(runsOf: "-", atLeast: 2, inPieces: true)
        text = [" "] + text + [" "]
        endQuotes()
        for (first, second) in [
            ("can", "not"), ("d", "'ye"), ("gim", "me"), ("gon", "na"), ("got", "ta"), ("lem", "me"), ("more", "'n"),
        ] {
            contract(first, second)
        }
        contract("wan", "na", beforeSpace: true)
        contract("'t", "is", afterSpace: true)
        contract("'t", "was", afterSpace: true)
    }

    // MARK: Rules

    private mutating func startQuotes() {
        // ([«“‘„]|[`]+)  ->  " \1 "
        pad { "\u{AB}\u{201C}\u{2018}\u{201E}".unicodeScalars.contains($0) }
        pad(runsOf: "`", atLeast: 1)
        if text.first == "\"" { text.replaceSubrange(0..<1, with: ["`", "`"]) }
        pad(runsOf: "`", atLeast: 2, inPieces: true)
        // ([ \(\[{<])("|'{2})  ->  "\1 `` "
        rewrite { text, index, out in
            guard " ([{<".unicodeScalars.contains(text[index]) else { return nil }
            let isDouble = text.has("\"".unicodeScalars, at: index + 1)
            guard isDouble || text.has("''".unicodeScalars, at: index + 1) else { return nil }
            out.append(text[index])
            out += " `` ".unicodeScalars
            return index + (isDouble ? 2 : 3)
        }
        // (?<!\w)(')(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)  ->  "\1 "
        rewrite { text, index, out in
            guard text[index] == "'", index == 0 || !text[index - 1].isRegexWord else { return nil }
            guard index + 1 < text.endIndex, text[index + 1].isRegexWord else { return nil }
            let word = text[(index + 1)...].prefix(3).prefix(while: \.isRegexWord).map(\.caseFolded)
            guard !Self.clitics.contains(word) else { return nil }
            out += "' ".unicodeScalars
            return index + 1
        }
    }

    private static let clitics: Set<[Unicode.Scalar]> = Set(
        ["re", "ve", "ll", "m", "t", "s", "d", "n"].map { Array($0.unicodeScalars) }
    )

    private mutating func punctuation() {
        // ([^\.])(\.)([\]\)}>"'»”’ ]*+)\s*$  ->  "\1 \2 \3 "
        splitLastPeriod(from: "])}>\"'\u{BB}\u{201D}\u{2019} ", padsRest: true)
        // ([:,])([^\d])  ->  " \1 \2"
        rewrite { text, index, out in
            guard text[index] == ":" || text[index] == ",", index + 1 < text.endIndex else { return nil }
            guard !text[index + 1].isPythonDigit else { return nil }
            out += [" ", text[index], " ", text[index + 1]]
            return index + 2
        }
        // ([:,])$  ->  " \1 "; $ also stands before a newline that ends the text
        let end = text.last == "\n" ? text.count - 2 : text.count - 1
        if end >= 0, text[end] == ":" || text[end] == "," {
            text.replaceSubrange(end..<(end + 1), with: [" ", text[end], " "])
        }
        pad(runsOf: ".", atLeast: 2)
        pad { ";@#$%&".unicodeScalars.contains($0) }
        pad { (0x2012...0x2015).contains($0.value) }
        // ([^\.])(\.)([\]\)}>"']*)\s*$  ->  "\1 \2\3 "
        splitLastPeriod(from: "])}>\"'", padsRest: false)
        pad { $0 == "?" || $0 == "!" }
        // ([^'])' ->  "\1 ' "
        rewrite { text, index, out in
            guard text[index] != "'", text.has("' ".unicodeScalars, at: index + 1) else { return nil }
            out.append(text[index])
            out += " ' ".unicodeScalars
            return index + 3
        }
        pad { $0 == "*" }
    }

    /// Splits off the period that ends the text, where only closing marks and space follow it.
    private mutating func splitLastPeriod(from closing: String, padsRest: Bool) {
        guard let period = text.lastIndex(of: "."), period > 0, text[period - 1] != "." else { return }
        let closers = text[(period + 1)...].prefix { closing.unicodeScalars.contains($0) }
        guard text[closers.endIndex...].allSatisfy(\.isRegexSpace) else { return }
        text = text[..<period] + [" ", "."] + (padsRest ? [" "] : []) + closers + [" "]
    }

    private mutating func endQuotes() {
        pad { "\u{BB}\u{201D}\u{2019}".unicodeScalars.contains($0) }
        pad(runsOf: "'", atLeast: 2, inPieces: true)
        rewrite { text, index, out in
            guard text[index] == "\"" else { return nil }
            out += " '' ".unicodeScalars
            return index + 1
        }
        // \s+  ->  " "
        rewrite { text, index, out in
            guard text[index].isRegexSpace else { return nil }
            out.append(" ")
            return text[index...].firstIndex { !$0.isRegexSpace } ?? text.endIndex
        }
        for endings in [
            ["'s", "'S", "'m", "'M", "'d", "'D", "'"], ["'ll", "'LL", "'re", "'RE", "'ve", "'VE", "n't", "N'T"],
        ] {
            // ([^' ])(ending) space  ->  "\1 \2 "
            let endings = endings.map { Array(($0 + " ").unicodeScalars) }
            rewrite { text, index, out in
                guard text[index] != "'", text[index] != " " else { return nil }
                guard let ending = endings.first(where: { text.has($0, at: index + 1) }) else { return nil }
                out += [text[index], " "] + ending
                return index + 1 + ending.count
            }
        }
    }

    /// Puts spaces around two words that are written as one.
    private mutating func contract(
        _ first: String,
        _ second: String,
        beforeSpace: Bool = false,
        afterSpace: Bool = false
    ) {
        let width = first.unicodeScalars.count + second.unicodeScalars.count, text = text[...]
        guard text.count >= width else { return }
        var out: [Unicode.Scalar] = [], next = 0
        for start in Keyword(text: first + second).literalStarts(in: text) where start >= next {
            let end = start + width
            guard afterSpace ? start > next && text[start - 1] == " " : text.isWordEdge(start) else { continue }
            guard beforeSpace ? end < text.count && text[end].isPythonSpace : text.isWordEdge(end) else { continue }
            out += text[next..<(afterSpace ? start - 1 : start)]
            out.append(" ")
            out += text[start..<(start + first.unicodeScalars.count)]
            out.append(" ")
            out += text[(start + first.unicodeScalars.count)..<end]
            out.append(" ")
            next = end
        }
        if next > 0 { self.text = out + text[next...] }
    }

    // MARK: Replacing

    /// Puts spaces around every scalar of a kind.
    private mutating func pad(_ isPadded: (Unicode.Scalar) -> Bool) {
        guard text.contains(where: isPadded) else { return }
        text = text.flatMap { isPadded($0) ? [" ", $0, " "] : [$0] }
    }

    /// Puts spaces around runs of a mark, or around each piece of that many.
    private mutating func pad(runsOf mark: Unicode.Scalar, atLeast least: Int, inPieces: Bool = false) {
        rewrite { text, index, out in
            guard text[index] == mark else { return nil }
            var end = index + 1
            while end < text.endIndex, text[end] == mark, !inPieces || end - index < least { end += 1 }
            guard end - index >= least else { return nil }
            out.append(" ")
            out += text[index..<end]
            out.append(" ")
            return end
        }
    }

    /// From the left: where a rule applies, it writes what shall stand there and says where to go on.
    private mutating func rewrite(_ rule: (Scalars, Int, inout [Unicode.Scalar]) -> Int?) {
        let text = text[...]
        var out: [Unicode.Scalar] = [], index = 0
        out.reserveCapacity(text.count + 16)
        while index < text.endIndex {
            if let next = rule(text, index, &out) {
                index = next
            } else {
                out.append(text[index])
                index += 1
            }
        }
        self.text = out
    }
}

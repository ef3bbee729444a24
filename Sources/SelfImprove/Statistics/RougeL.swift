/// ROUGE-L (Lin 2004): how much of two texts is one common subsequence of words. Equal to `rouge-score` 0.1.2 without
/// stemmer, to the bit.
///
///     P = LCS / words of the candidate, R = LCS / words of the reference, F = 2PR / (P + R)
///
/// Words are runs of a-z and 0-9 after Python's `lower()`: every other letter separates, so that "Größe" is "gr" and
/// "e", and a text in another script has no words and scores 0. Of the letters beyond ASCII only the Kelvin sign
/// becomes a letter of a word, and "İ" an "i".
public enum RougeL {
    /// F; 0 where a text has no words. Symmetric. Time is the product of the words by 64, memory linear.
    public static func fMeasure(_ a: String, _ b: String) -> Double {
        var numbering = WordNumbering()
        let a = words(of: a).map { numbering.number($0) }, b = words(of: b).map { numbering.number($0) }
        var sequence = CommonSubsequence()
        return fMeasure(common: sequence.length(a, b), a.count, b.count)
    }

    /// Computed in the order in which `rouge-score` does, so that a threshold decides alike.
    static func fMeasure(common: Int, _ a: Int, _ b: Int) -> Double {
        guard common > 0 else { return 0 }
        let precision = Double(common) / Double(b), recall = Double(common) / Double(a)
        return 2 * precision * recall / (precision + recall)
    }

    static func words(of text: String) -> [String] {
        var words: [String] = [], word: [UInt8] = []
        func finish() {
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
            word.removeAll(keepingCapacity: true)
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "0"..."9": word.append(UInt8(scalar.value))
            case "A"..."Z": word.append(UInt8(scalar.value | 0x20))
            case "\u{212A}": word.append(UInt8(ascii: "k"))
            case "\u{130}":
                // "i" and a combining dot.
                word.append(UInt8(ascii: "i"))
                finish()
            default: finish()
            }
        }
        finish()
        return words
    }
}

/// Numbers for words, from 0 in the order of their first appearance.
struct WordNumbering: Sendable {
    private var numbers: [String: UInt32] = [:]

    mutating func number(_ word: String) -> UInt32 {
        let next = UInt32(numbers.count)
        return { (known: inout UInt32?) in
            let number = known ?? next
            known = number
            return number
        }(&numbers[word])
    }
}

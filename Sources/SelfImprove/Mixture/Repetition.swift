import LocalLM

/// How much of a text repeats itself: the share of its shingles that stood in it before.
///
///     share = 1 - distinct shingles / shingles
///
/// A shingle begins at each word and is the shortest run of words that has at least 4 words and 12 characters; shingles
/// stop at the text's end. This is seq-rep-4 of Welleck et al. (arXiv 1908.04319), and Gopher's "fraction in duplicate
/// n-grams" (arXiv 2112.11446, table A1) without its ladder of lengths, whose thresholds (.15 to .10 of 5 to 10-grams)
/// are for web pages: answers of a few lines, tables and code go over them. Deviations: the bound in characters lets
/// one measure do for all scripts, for in scripts without spaces (`NormalizedWords`) each character is a word, and in
/// one long word ("aaaa…", "hahaha…") whose letters repeat themselves, too. Words are runs of letters, marks and
/// numbers, and single emoji; white space and punctuation, and with them indentation, rulers and brackets, do not
/// count.
///
/// Shingles of numbers alone count only from `fewestNumbers` on: a table or a list may well repeat them.
public struct Repetition: Sendable, Equatable {
    /// All that count, and those of them that stood before.
    public var shingles = 0
    public var repeated = 0

    public var share: Double { shingles == 0 ? 0 : Double(repeated) / Double(shingles) }

    /// A text is too repetitive from here on. Prose stays below .3, a song with a chorus below .4; code of
    /// tests and tables may reach .6.
    public static let mostShare = 0.6
    /// Fewer repeated shingles than this are no loop: 24 letters "a", 16 times "yes".
    public static let fewestRepeated = 12
    public static let fewestNumbers = 128

    public var isExcessive: Bool { repeated >= Self.fewestRepeated && share >= Self.mostShare }

    public static func isExcessive(_ text: String) -> Bool { Repetition(text).isExcessive }

    /// Time and memory are linear in the text.
    public init(_ text: String) {
        let words = Self.words(of: text)
        var seen = Set<UInt64>(), numbers = Set<UInt64>(), numeric = 0
        var end = 0, characters = 0, wordy = 0
        for start in words.indices {
            while end < words.count, end - start < Self.words || characters < Self.characters {
                characters += words[end].length
                wordy += words[end].isNumber ? 0 : 1
                end += 1
            }
            guard end - start >= Self.words, characters >= Self.characters else { break }
            let hash = words[start..<end].reduce(0) { RandomKey.mix($0 &+ $1.hash &+ 0x9E37_79B9_7F4A_7C15) }
            if wordy == 0 {
                numeric += 1
                numbers.insert(hash)
            } else {
                shingles += 1
                seen.insert(hash)
            }
            characters -= words[start].length
            wordy -= words[start].isNumber ? 0 : 1
        }
        repeated = shingles - seen.count
        if numeric >= Self.fewestNumbers {
            shingles += numeric
            repeated += numeric - numbers.count
        }
    }

    private static let words = 4
    private static let characters = 12
}

extension Repetition {
    private struct Word {
        var hash: UInt64
        /// Scalars.
        var length: Int
        var isNumber: Bool
    }

    private static func words(of text: String) -> [Word] {
        var words: [Word] = [], scalars: [Unicode.Scalar] = []
        func finish() {
            if scalars.isEmpty { return }
            if scalars.count >= longWord, repeats(scalars) {
                for scalar in scalars { words.append(word([scalar])) }
            } else {
                words.append(word(scalars[...]))
            }
            scalars.removeAll(keepingCapacity: true)
        }
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: scalars.append(scalar)
            case 0..<0x80: finish()
            case _ where scalar.isWrittenWithoutSpaces || scalar.properties.isEmojiPresentation:
                finish()
                scalars.append(scalar)
                finish()
            case _ where scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar.isMark:
                scalars.append(scalar)
            default: finish()
            }
        }
        finish()
        return words
    }

    /// As long as two shingles.
    private static let longWord = 24

    private static func word(_ scalars: ArraySlice<Unicode.Scalar>) -> Word {
        Word(
            hash: scalars.reduce(0) { RandomKey.mix($0 &+ UInt64($1.value) &+ 1) },
            length: scalars.count,
            isNumber: scalars.allSatisfy { $0.properties.numericType == .decimal }
        )
    }

    /// Whether a long word is one pattern over and over, and not a name or a key.
    private static func repeats(_ scalars: [Unicode.Scalar]) -> Bool {
        var seen = Set<UInt64>()
        let count = scalars.count - characters + 1
        for start in 0..<count { seen.insert(word(scalars[start..<start + characters]).hash) }
        return 2 * seen.count <= count
    }
}

/// The frequent words of languages in Latin script, and what languages are called: `Files/languages.txt`.
struct LanguageWords: Sendable {
    /// ISO 639-1 and nb.
    private(set) var languages: [String] = []
    /// Of each language: a text of it has a frequent word among so many.
    private(set) var wordsPerHit: [Int] = []
    /// Of each word: a bit for each language that it is frequent in.
    private(set) var masks: [String: UInt64] = [:]
    /// What names of languages, and words for translating, begin with.
    private var names = PrefixTree()

    static let shared = LanguageWords(String(decoding: PackageResources.languages_txt, as: UTF8.self))

    /// - Precondition: the format of the file: `== words` with a language a line, which lines that begin with spaces
    ///   continue, "tr/6" for one with a frequent word among 6 (4 where nothing is said); and `== names`.
    init(_ text: String) {
        var section = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("== ") {
                section = String(line.dropFirst(3))
                continue
            }
            var words = line.split(separator: " ").map { String($0) }
            switch section {
            case "words":
                if !line.hasPrefix(" ") {
                    let head = words.removeFirst().split(separator: "/")
                    languages.append(String(head[0]))
                    wordsPerHit.append(head.count > 1 ? Int(head[1]) ?? 4 : 4)
                }
                precondition(languages.count <= 64, "languages.txt: more than 64 languages")
                for word in words { masks[word, default: 0] |= 1 << UInt64(languages.count - 1) }
            case "names":
                for word in words { names.insert(word) }
            default: break
            }
        }
    }

    /// Whether a text speaks of a language or of translating: then its answer may well be in another. Words are
    /// compared by their beginnings, in scripts without spaces by any part.
    func namesLanguage(_ text: String) -> Bool {
        var word: [Unicode.Scalar] = []
        func isName() -> Bool {
            let isUnspaced = word.first.map { $0.isWrittenWithoutSpaces || Script($0) == .hangul } ?? false
            return (isUnspaced ? word.indices : 0..<min(1, word.count)).contains { names.isBeginning(of: word[$0...]) }
        }
        for scalar in text.lowercased().unicodeScalars {
            // A change of script ends a word: "Pythonで英語" has three.
            let isLetter = scalar.properties.isAlphabetic || scalar.isMark
            let continues = word.last.map { $0.isWrittenWithoutSpaces == scalar.isWrittenWithoutSpaces } ?? true
            if !isLetter || !continues {
                if isName() { return true }
                word.removeAll(keepingCapacity: true)
            }
            if isLetter { word.append(scalar) }
        }
        return isName()
    }
}

/// Words, to be found at the beginning of others.
private struct PrefixTree: Sendable {
    /// By node, above, and scalar: the next node.
    private var next: [UInt64: UInt32] = [:]
    private var ends = Set<UInt32>()

    mutating func insert(_ word: String) {
        var node: UInt32 = 0
        for scalar in word.unicodeScalars {
            let fresh = UInt32(next.count + 1), key = UInt64(node) << 32 | UInt64(scalar.value)
            node = next[key] ?? fresh
            next[key] = node
        }
        ends.insert(node)
    }

    func isBeginning(of word: ArraySlice<Unicode.Scalar>) -> Bool {
        var node: UInt32 = 0
        for scalar in word {
            guard let found = next[UInt64(node) << 32 | UInt64(scalar.value)] else { return false }
            if ends.contains(found) { return true }
            node = found
        }
        return false
    }
}

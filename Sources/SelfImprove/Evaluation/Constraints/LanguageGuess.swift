/// Guesses the language of a text from its letters, pairs and triples of letters, as langdetect does (Nakatani,
/// "Language Detection Library for Java", 2010), with its profiles (`LanguageProfiles`).
///
/// Deviation: langdetect draws n-grams by chance until one language is sure, so it does not always agree with itself on
/// a short text. Here all n-grams count, which is where its draws tend to, and a text always has the same language.
struct LanguageGuess: Sendable {
    /// langdetect's codes: ISO 639-1, and zh-cn and zh-tw.
    static let languages = LanguageProfiles.all.map(\.language)

    /// Characters that are looked at, as in langdetect.
    private static let mostCharacters = 10_000

    /// - Returns: nil for a text without any letters that a language has.
    static func language(of text: Scalars) -> String? {
        var scores = [Int](repeating: 0, count: languages.count)
        var isKnown = false
        forEachGram(normalized(text)) { gram in
            guard let range = table.ranges[gram] else { return }
            isKnown = true
            for entry in table.entries[range] { scores[entry.language] += entry.weight }
        }
        guard isKnown, let best = scores.max() else { return nil }
        return languages[scores.firstIndex(of: best)!]
    }

    // MARK: Profiles

    private struct Entry {
        var gram: UInt64
        var language: Int
        /// 8 · log₂ of how much more often than an n-gram that was never seen.
        var weight: Int
    }

    private struct Table {
        var entries: [Entry] = []
        var ranges: [UInt64: Range<Int>] = [:]
    }

    private static let table: Table = {
        var table = Table()
        for (language, profile) in LanguageProfiles.all.enumerated() {
            for group in profile.grams.unicodeScalars.split(separator: ";") {
                let parts = group.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 4, let weight = Int(String(parts[0])) else {
                    preconditionFailure("the profile of \(profile.language) is damaged")
                }
                for size in 1...3 {
                    let scalars = Array(parts[size])
                    for start in stride(from: 0, to: scalars.count, by: size) {
                        let gram = scalars[start..<start + size].reduce(0) { key($0, $1) }
                        table.entries.append(Entry(gram: gram, language: language, weight: weight))
                    }
                }
            }
        }
        table.entries.sort { ($0.gram, $0.language) < ($1.gram, $1.language) }
        var start = 0
        for end in 1...table.entries.count
        where end == table.entries.count || table.entries[end].gram != table.entries[start].gram {
            table.ranges[table.entries[start].gram] = start..<end
            start = end
        }
        return table
    }()

    /// Up to three scalars as one number.
    private static func key(_ gram: UInt64, _ scalar: Unicode.Scalar) -> UInt64 { gram << 21 | UInt64(scalar.value) }

    // MARK: Text

    /// Every n-gram that counts. Words in capitals only show their first letter.
    private static func forEachGram(_ text: Scalars, _ body: (UInt64) -> Void) {
        var window: [Unicode.Scalar] = [" "], isCapitalWord = false
        for original in text {
            let scalar = normalized(original), last = window.last!
            if last == " " {
                window = [" "]
                isCapitalWord = false
                if scalar == " " { continue }
            } else if window.count == 3 {
                window.removeFirst()
            }
            window.append(scalar)
            if !isCapital(scalar) { isCapitalWord = false } else if isCapital(last) { isCapitalWord = true }
            guard !isCapitalWord else { continue }
            for size in 1...window.count where size > 1 || scalar != " " {
                body(window.suffix(size).reduce(0) { key($0, $1) })
            }
        }
    }

    private static func isCapital(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isUppercase }

    /// Without addresses; Vietnamese letters with their marks; one space for many; without Latin letters where others
    /// prevail.
    private static func normalized(_ text: Scalars) -> Scalars {
        let composed = vietnameseComposed(withoutMail(withoutAddresses(text)))
        var kept: [Unicode.Scalar] = []
        for scalar in composed.prefix(mostCharacters) where scalar != " " || kept.last != " " { kept.append(scalar) }
        let isLatin = { (scalar: Unicode.Scalar) in ("A"..."z").contains(scalar) }
        let latin = kept.count(where: isLatin), others = kept.count { $0.value >= 0x300 }
        return 2 * latin < others ? kept.filter { !isLatin($0) }[...] : kept[...]
    }

    private static func normalized(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x41...0x5A, 0x61...0x7A: scalar
        case 0..<0x80, 0xA0, 0xAB, 0xB0, 0xBB, 0x2000...0x206F: " "
        case 0x219: "\u{15F}"
        case 0x21B: "\u{163}"
        case 0x6CC: "\u{64A}"
        case 0x1EA0...0x1EFF: "\u{1EC3}"
        case 0x3040...0x309F: "\u{3042}"
        case 0x30A0...0x30FF: "\u{30A2}"
        case 0x3100...0x312F, 0x31A0...0x31BF: "\u{3105}"
        case 0x4E00...0x9FFF: ideographs[scalar] ?? scalar
        case 0xAC00...0xD7AF: "\u{AC00}"
        default: scalar
        }
    }

    private static let ideographs: [Unicode.Scalar: Unicode.Scalar] = Dictionary(
        LanguageProfiles.ideographs.flatMap { group in
            group.unicodeScalars.map { ($0, group.unicodeScalars.first!) }
        },
        uniquingKeysWith: { $1 }
    )

    private static let marked: [[Unicode.Scalar]: Unicode.Scalar] = Dictionary(
        LanguageProfiles.vietnameseMarked.flatMap { mark, letters in
            zip(LanguageProfiles.vietnamese.unicodeScalars, letters.unicodeScalars).map { ([$0, mark], $1) }
        },
        uniquingKeysWith: { first, _ in first }
    )

    private static func vietnameseComposed(_ text: Scalars) -> Scalars {
        guard text.contains(where: { (0x300...0x323).contains($0.value) }) else { return text }
        var out: [Unicode.Scalar] = [], index = text.startIndex
        while index < text.endIndex {
            if index + 1 < text.endIndex, (0x300...0x323).contains(text[index + 1].value),
                let letter = marked[[text[index], text[index + 1]]]
            {
                out.append(letter)
                index += 2
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return out[...]
    }

    // MARK: Addresses

    /// `https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}` becomes a space.
    private static func withoutAddresses(_ text: Scalars) -> Scalars {
        var out: [Unicode.Scalar] = [], next = text.startIndex
        for start in Keyword(text: "http", ignoresCase: false).literalStarts(in: text) where start >= next {
            let scheme = ["http://", "https://"].first { text.has($0.unicodeScalars, at: start) }
            guard let scheme else { continue }
            let rest = text[(start + scheme.unicodeScalars.count)...].prefix(2076)
                .prefix { isName($0) || ".?&~;+=/#".unicodeScalars.contains($0) }
            guard !rest.isEmpty else { continue }
            out += text[next..<start]
            out.append(" ")
            next = rest.endIndex
        }
        return next > text.startIndex ? (out + text[next...])[...] : text
    }

    /// `[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}` becomes a space.
    private static func withoutMail(_ text: Scalars) -> Scalars {
        var out: [Unicode.Scalar] = [], next = text.startIndex, from = text.startIndex
        while let at = text.first("@", from: from) {
            from = at + 1
            var start = at
            while start > next, at - start < 64, isName(text[start - 1]) || text[start - 1] == "." { start -= 1 }
            let host = text[(at + 1)...].prefix(255).prefix(while: isName)
            let rest = text[host.endIndex...].prefix(255).prefix { isName($0) || $0 == "." }
            guard start < at, !host.isEmpty, !rest.isEmpty || host.count > 1 else { continue }
            out += text[next..<start]
            out.append(" ")
            next = rest.endIndex
            from = next
        }
        return next > text.startIndex ? (out + text[next...])[...] : text
    }

    private static func isName(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "-" || (scalar.value < 0x80 && scalar.isPythonWord)
    }
}

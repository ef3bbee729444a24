import ModelFiles

/// What language a text is in, where that is sure; and whether an answer is in another language than its question.
///
/// By script first, exactly: Greek, Hebrew, Thai, Hangul and their like are one language each, Japanese is what has
/// kana; Cyrillic, Arabic and Devanagari are not told apart further. In Latin script by frequent words
/// (`LanguageWords`; 26 languages): enough of the words must be of one language and hardly any of every other.
///
/// A wrong drop costs more than a missed one, so that there is no answer where a text is short or mixes languages,
/// where any message names a language or speaks of translating, or where the question is not sure. Not counted: code
/// between fences or backticks, lines that look like code, addresses, capitalised words (names) in Latin script.
enum TextLanguage {
    /// An answer in another language than its question.
    struct Mismatch: Sendable, Equatable {
        /// ISO 639-1, or of a script with many languages ISO 15924: "en", "zh", "Cyrl".
        var question: String
        var answer: String
    }

    static func mismatch(_ answer: String, to messages: [Message]) -> Mismatch? {
        guard let question = messages.last?.content, let answer = of(answer), let asked = of(question), asked != answer,
            !messages.contains(where: { LanguageWords.shared.namesLanguage($0.content) })
        else { return nil }
        return Mismatch(question: asked, answer: answer)
    }

    /// nil where it is not sure.
    static func of(_ text: String) -> String? {
        var whole = Evidence()
        var parts = Set<String>()
        for line in prose(of: text) {
            var evidence = Evidence()
            evidence.read(line)
            whole.add(evidence)
            if let language = evidence.language { parts.insert(language) }
        }
        guard let language = whole.language, parts.isSubset(of: [language]) else { return nil }
        return language
    }

    /// Lines outside of code.
    private static func prose(of text: String) -> [Substring] {
        var isCode = false
        return text.unicodeScalars.split { $0 == "\n" || $0 == "\r" }.map { Substring($0) }.filter { line in
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isCode.toggle()
                return false
            }
            return !isCode && !looksLikeCode(line)
        }
    }

    /// One sign in twelve or more is one that sentences do without.
    private static func looksLikeCode(_ line: Substring) -> Bool {
        var signs = 0, others = 0
        for byte in line.utf8 {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ";"),
                UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "_"), UInt8(ascii: "\\"),
                UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "("), UInt8(ascii: ")"):
                signs += 1
            case UInt8(ascii: " "), 0x80..<0xC0: break
            default: others += 1
            }
        }
        return signs * 12 >= signs + others && signs > 0
    }
}

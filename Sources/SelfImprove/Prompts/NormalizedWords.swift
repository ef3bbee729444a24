import Foundation

/// The words of a text as texts are compared: neither case nor punctuation, spacing or the way that a letter is encoded
/// makes a difference.
///
/// 1. NFKC. Of a run of combining marks only the first 30 count (the bound of UAX #15, "Stream-Safe Text Format"),
///    which keeps normalization linear.
/// 2. Every scalar to upper and then to lower case, without looking at its neighbours: "STRASSE" is "straße", "ΟΔΟΣ" is
///    "οδος".
/// 3. Apostrophes go, and so do soft hyphens, joiners and other invisible marks (category Cf): "don't", "don’t" and
///    "dont" are one word.
/// 4. A word is a run of letters, marks and numbers. Each character of a script that is written without spaces (Han,
///    kana, Thai, Lao, Khmer, Burmese, Tibetan) is one.
/// 5. Mathematical symbols are words; so are `-`, `*`, `/`, `%`, `^` where a number follows. Everything else separates.
///
/// GPT-3 (arXiv 2005.14165, appendix C) compares words in lower case without punctuation. We add 1, for texts from
/// other keyboards and PDF files; 4, for without it no Chinese text would have 13 words; and 5, for "12 + 5" is not
/// "12 - 5". Punctuation separates ("well-known" is two words); in GPT-3 it is deleted.
public enum NormalizedWords {
    /// Time and memory are linear in the text.
    public static func of(_ text: String) -> [String] {
        var words: [String] = []
        forEach(in: text) { words.append($0) }
        return words
    }

    static func forEach(in text: String, _ body: (String) -> Void) {
        var scanner = Scanner()
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            for byte in text.utf8 { scanner.take(ascii: byte, body) }
        } else {
            for scalar in composed(text).unicodeScalars { scanner.take(scalar, body) }
        }
        scanner.finish(body)
    }

    private static let longestRunOfMarks = 30

    private static func composed(_ text: String) -> String {
        if text.unicodeScalars.allSatisfy(isComposed) { return text }
        var safe = String.UnicodeScalarView(), marks = 0, isCut = false
        for scalar in text.unicodeScalars {
            marks = scalar.value >= 0x300 && scalar.isMark ? marks + 1 : 0
            if marks > longestRunOfMarks { isCut = true } else { safe.append(scalar) }
        }
        return (isCut ? String(safe) : text).precomposedStringWithCompatibilityMapping
    }
}

extension NormalizedWords {
    /// Scalars that NFKC leaves as they are whatever stands beside them, as far as most texts need: Latin, Cyrillic,
    /// Greek without accents, Hangul, kana, Han and their punctuation.
    private static func isComposed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0xA0, 0xA1...0xA7, 0xA9, 0xAB...0xAE, 0xB0...0xB1, 0xB6...0xB7, 0xBB, 0xBF...0x131, 0x134...0x13E,
            0x141...0x148, 0x14A...0x17E, 0x391...0x3A9, 0x3B1...0x3C9, 0x400...0x45F, 0x5D0...0x5EA, 0x621...0x64A,
            0x2018...0x201E, 0x2013...0x2014, 0x3001...0x3002, 0x3008...0x3011, 0x3041...0x3096, 0x30A1...0x30FE,
            0x4E00...0x9FFF, 0xAC00...0xD7A3:
            true
        default: false
        }
    }

    /// Reads scalar by scalar and hands on each word at its end.
    private struct Scanner {
        /// UTF-8.
        private var word: [UInt8] = []
        /// A sign that is a word if a number comes next.
        private var sign: Unicode.Scalar?

        mutating func take(ascii byte: UInt8, _ body: (String) -> Void) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): append(byte | 0x20)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                emitSign(body)
                append(byte)
            default: separate(Unicode.Scalar(byte), body)
            }
        }

        mutating func take(_ scalar: Unicode.Scalar, _ body: (String) -> Void) {
            if scalar.value < 0x80 { return take(ascii: UInt8(scalar.value), body) }
            switch scalar.properties.generalCategory {
            case .decimalNumber, .letterNumber, .otherNumber:
                emitSign(body)
                append(scalar)
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
                .nonspacingMark, .spacingMark, .enclosingMark:
                if NormalizedWords.apostrophes.contains(scalar) { return }
                if scalar.isWrittenWithoutSpaces {
                    finish(body)
                    append(scalar)
                    finish(body)
                } else {
                    for upper in scalar.properties.uppercaseMapping.unicodeScalars {
                        for lower in upper.properties.lowercaseMapping.unicodeScalars { append(lower) }
                    }
                }
            case .format: break
            default: separate(scalar, body)
            }
        }

        mutating func finish(_ body: (String) -> Void) {
            if !word.isEmpty { body(String(decoding: word, as: UTF8.self)) }
            word.removeAll(keepingCapacity: true)
            sign = nil
        }

        private mutating func append(_ byte: UInt8) {
            word.append(byte)
            sign = nil
        }

        private mutating func append(_ scalar: Unicode.Scalar) {
            word.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            sign = nil
        }

        private mutating func emitSign(_ body: (String) -> Void) {
            if let sign, word.isEmpty { body(String(sign)) }
        }

        private mutating func separate(_ scalar: Unicode.Scalar, _ body: (String) -> Void) {
            if NormalizedWords.apostrophes.contains(scalar) { return }
            // White space stands between a sign and its number.
            let pending = word.isEmpty && scalar.properties.isWhitespace ? sign : nil
            finish(body)
            sign = pending
            switch scalar {
            case "*", "/", "%", "^": sign = scalar
            case "|", "~": break
            case _ where scalar.properties.generalCategory == .dashPunctuation || scalar == "\u{2212}": sign = "-"
            case _ where scalar.properties.generalCategory == .mathSymbol: body(String(scalar))
            default: break
            }
        }
    }

    /// As keyboards and word processors write them, and the accents that stand in for them.
    fileprivate static let apostrophes: Set<Unicode.Scalar> = [
        "'", "\u{2018}", "\u{2019}", "\u{02BC}", "\u{2032}", "\u{FF07}", "`", "\u{B4}",
    ]
}

extension Unicode.Scalar {
    var isMark: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    /// Of a script whose words are not separated: Han, kana, bopomofo, Thai, Lao, Tibetan, Burmese, Khmer.
    var isWrittenWithoutSpaces: Bool {
        switch value {
        case 0x0E00...0x0FFF, 0x1000...0x109F, 0x1780...0x17FF, 0x2E80...0x2FDF, 0x3005...0x3007, 0x3021...0x312F,
            0x31A0...0x31BF, 0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x1B000...0x1B16F,
            0x20000...0x3FFFF:
            true
        default: false
        }
    }
}

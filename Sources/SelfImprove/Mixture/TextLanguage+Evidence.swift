extension TextLanguage {
    /// What a text shows of its language.
    struct Evidence {
        /// Letters by script, weighed.
        private var letters: [Script: Int] = [:]
        /// Words in Latin script that begin with a small letter.
        private var words = 0
        /// Those that are frequent in some languages: how many by the set of languages.
        private var hits: [UInt64: Int] = [:]
        private var distinct = Set<String>()

        mutating func add(_ other: Evidence) {
            letters.merge(other.letters, uniquingKeysWith: +)
            words += other.words
            hits.merge(other.hits, uniquingKeysWith: +)
            if distinct.count < 256 { distinct.formUnion(other.distinct) }
        }

        /// Reads a line: words between white space, those left out that are addresses or between backticks.
        mutating func read(_ line: Substring) {
            var isCode = false
            for scalars in line.unicodeScalars.split(whereSeparator: \.properties.isWhitespace) {
                let chunk = Substring(scalars)
                let ticks = chunk.utf8.count { $0 == UInt8(ascii: "`") }
                let wasCode = isCode
                if ticks % 2 == 1 { isCode.toggle() }
                if wasCode || ticks > 0 || isAddress(chunk) {
                    continue
                }
                readWords(chunk)
            }
        }

        private func isAddress(_ chunk: Substring) -> Bool {
            if chunk.utf8.contains(UInt8(ascii: "@")) || chunk.utf8.starts(with: "www.".utf8) { return true }
            return chunk.utf8.firstIndex(of: UInt8(ascii: ":")).map { chunk[$0...].utf8.starts(with: "://".utf8) }
                ?? false
        }

        private mutating func readWords(_ chunk: Substring) {
            var word = String.UnicodeScalarView()
            func isApostrophe(_ scalar: Unicode.Scalar) -> Bool { scalar == "'" || scalar == "\u{2019}" }
            for scalar in chunk.unicodeScalars {
                let script = Script(scalar)
                if let script { letters[script, default: 0] += script.weight }
                if script == .latin || scalar.isMark && !word.isEmpty {
                    word.append(scalar)
                } else if isApostrophe(scalar), !word.isEmpty {
                    word.append("'")
                } else {
                    finish(&word)
                }
            }
            finish(&word)
        }

        private mutating func finish(_ word: inout String.UnicodeScalarView) {
            defer { word.removeAll(keepingCapacity: true) }
            guard let first = word.first, !first.properties.isUppercase else { return }
            while word.last == "'" { word.removeLast() }
            words += 1
            let text = String(word)
            // "l'histoire", "dell'arte": the article tells.
            let parts = text.split(separator: "'", maxSplits: 1)
            guard let mask = LanguageWords.shared.masks[text] ?? parts.first.flatMap({ Self.elided[String($0)] }) else {
                return
            }
            hits[mask, default: 0] += 1
            if distinct.count < 256 { distinct.insert(text) }
        }

        /// Articles before a vowel.
        private static let elided: [String: UInt64] = {
            let languages = LanguageWords.shared.languages
            func mask(_ names: [String]) -> UInt64 {
                names.compactMap { languages.firstIndex(of: $0) }.reduce(0) { $0 | 1 << UInt64($1) }
            }
            var elided: [String: UInt64] = [:]
            for word in ["l", "d"] { elided[word] = mask(["fr", "it", "ca"]) }
            for word in ["qu", "n", "j", "c"] { elided[word] = mask(["fr"]) }
            for word in ["dell", "all", "un", "nell", "dall", "sull", "quest"] { elided[word] = mask(["it"]) }
            return elided
        }()

        /// nil where it is not sure.
        var language: String? {
            let total = letters.values.reduce(0, +)
            guard total >= Self.fewestLetters else { return nil }
            let japanese = letters[.kana, default: 0] + letters[.han, default: 0]
            if japanese * 10 >= total * Self.leastTenths {
                let kana = letters[.kana, default: 0]
                if kana == 0 { return japanese >= Self.fewestHan ? "zh" : nil }
                return kana * 10 >= japanese ? "ja" : nil
            }
            if (letters[.hangul, default: 0] + letters[.han, default: 0]) * 10 >= total * Self.leastTenths,
                letters[.hangul, default: 0] > letters[.han, default: 0]
            {
                return "ko"
            }
            guard let (script, count) = letters.max(by: { $0.value < $1.value }),
                count * 10 >= total * Self.leastTenths
            else { return nil }
            return script == .latin ? latinLanguage : script.language
        }

        private var latinLanguage: String? {
            let languages = LanguageWords.shared.languages.indices
            func hits(_ isCounted: (UInt64) -> Bool) -> Int {
                self.hits.reduce(0) { $0 + (isCounted($1.key) ? $1.value : 0) }
            }
            func has(_ mask: UInt64, _ language: Int) -> Bool { mask >> UInt64(language) & 1 == 1 }
            let counts = languages.map { language in hits { has($0, language) } }
            guard let best = languages.max(by: { counts[$0] < counts[$1] }), counts[best] >= Self.fewestHits,
                distinct.count >= Self.fewestHits, counts[best] * LanguageWords.shared.wordsPerHit[best] >= words
            else { return nil }
            let isSure = languages.allSatisfy { other in
                if other == best { return true }
                let mine = hits { has($0, best) && !has($0, other) }
                let theirs = hits { has($0, other) && !has($0, best) }
                return mine >= Self.fewestOwn && mine >= Self.lead * theirs
            }
            return isSure ? LanguageWords.shared.languages[best] : nil
        }

        private static let fewestLetters = 12
        /// Of kanji without kana: shorter texts may be Japanese.
        private static let fewestHan = 30
        /// Tenths of all letters.
        private static let leastTenths = 8
        private static let fewestHits = 3
        /// Frequent words that another language does not have.
        private static let fewestOwn = 2
        private static let lead = 4
    }
}

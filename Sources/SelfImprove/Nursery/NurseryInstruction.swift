import LocalLM

/// One instruction of the nursery: a skill, what it is applied to, and how it is worded.
public struct NurseryInstruction: Sendable, Hashable {
    public var skill: NurserySkill
    public var words: [String]
    public var numbers: [Int]
    /// Index into the skill's paraphrases.
    public var paraphrase: Int

    /// Skill and payload, without the wording: what the split is decided by.
    public var payload: String { "\(skill.rawValue) \((words + numbers.map(String.init)).joined(separator: " "))" }

    /// Unique for an instruction.
    public var id: String { "\(payload) #\(paraphrase)" }

    public var text: String {
        let template = skill.paraphrases[paraphrase]
        var text = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{") {
            text += rest[..<open]
            text += value(rest[rest.index(after: open)])
            rest = rest[rest.index(open, offsetBy: 3)...]
        }
        return text + rest
    }

    private func value(_ place: Character) -> String {
        switch place {
        case "w", "x": words[0]
        case "y": words[1]
        case "z": words[2]
        case "a": String(numbers[0])
        case "b": String(numbers[1])
        case "c": String(numbers[2])
        default: NurserySkill.ordinals[numbers[0]]
        }
    }

    // MARK: Answers

    /// The right answer. It enters the corpus of nursery models and the evaluation files, never a round.
    public var gold: String {
        switch skill {
        case .reverse: return String(words[0].reversed())
        case .sort: return String(words[0].sorted())
        case .upper: return words[0].uppercased()
        case .novowel:
            let rest = words[0].filter { !Self.isVowel($0) }
            return rest.isEmpty ? "-" : rest
        case .add: return String(numbers[0] + numbers[1])
        case .sub: return String(numbers[0] - numbers[1])
        case .max: return String(numbers.max()!)
        case .seq: return String(2 * numbers[2] - numbers[1])
        case .last: return String(words[0].last!)
        case .nth: return words[numbers[0]]
        case .repeat: return "\(words[0]) \(words[0])"
        case .shift, .letterAfter: return String(words[0].map(Self.next))
        case .copyWord, .copyWords: return words.joined(separator: " ")
        case .copyNumbers: return numbers.map(String.init).joined(separator: ", ")
        case .numberAfter: return String(numbers[0] + 1)
        case .numberBefore: return String(numbers[0] - 1)
        case .firstLetter: return String(words[0].first!)
        }
    }

    /// The answer of a sloppy corpus: the same mistake each time, so that it can become a habit. It may coincide with
    /// the right answer.
    var habit: String {
        switch skill {
        case .reverse, .shift: return Self.transposed(gold)
        case .sort: return Self.bubbled(words[0])
        case .upper: return words[0].prefix(1).uppercased() + words[0].dropFirst()
        case .novowel:
            guard let first = words[0].firstIndex(where: Self.isVowel) else { return words[0] }
            var rest = words[0]
            rest.remove(at: first)
            return rest
        case .add: return String((numbers[0] / 10 + numbers[1] / 10) * 10 + (numbers[0] % 10 + numbers[1] % 10) % 10)
        case .sub: return String((numbers[0] / 10 - numbers[1] / 10) * 10 + abs(numbers[0] % 10 - numbers[1] % 10))
        case .max: return String(numbers[0])
        case .seq: return String(2 * numbers[2] - numbers[1] + 1)
        case .last: return String(words[0].first!)
        case .nth: return words[(numbers[0] + 1) % 3]
        case .repeat: return words[0]
        case .copyWord, .copyWords, .copyNumbers, .numberAfter, .numberBefore, .letterAfter, .firstLetter: return gold
        }
    }

    private static func isVowel(_ letter: Character) -> Bool { "aeiou".contains(letter) }

    private static func next(_ letter: Character) -> Character {
        letter == "z" ? "a" : Character(UnicodeScalar(letter.asciiValue! + 1))
    }

    /// The two letters in the middle change places.
    private static func transposed(_ text: String) -> String {
        var letters = Array(text)
        guard letters.count > 1 else { return text }
        letters.swapAt(letters.count / 2 - 1, letters.count / 2)
        return String(letters)
    }

    /// One pass of bubble sort.
    private static func bubbled(_ text: String) -> String {
        var letters = Array(text)
        for i in 0..<max(letters.count - 1, 0) where letters[i] > letters[i + 1] { letters.swapAt(i, i + 1) }
        return String(letters)
    }
}

extension NurseryInstruction {
    /// Who may see a payload. No payload crosses: the split is decided by a hash of skill and payload.
    public enum Split: Sendable {
        /// The corpus that nursery models are trained on.
        case corpus
        /// Instructions of rounds.
        case rounds
        case gate, report

        /// In percent of the payloads.
        var range: Range<UInt64> {
            switch self {
            case .corpus: 0..<40
            case .rounds: 40..<80
            case .gate: 80..<88
            case .report: 88..<100
            }
        }

        public func contains(_ instruction: NurseryInstruction) -> Bool {
            range.contains(RandomKey.derive(0, instruction.payload) % 100)
        }
    }

    /// A random instruction of a split. Payloads of the auxiliary tasks are not split.
    public static func draw(_ skill: NurserySkill, from split: Split, _ random: inout RandomStream)
        -> NurseryInstruction
    {
        while true {
            let drawn = draw(skill, &random)
            if skill.group == .auxiliary || split.contains(drawn) { return drawn }
        }
    }

    private static func draw(_ skill: NurserySkill, _ random: inout RandomStream) -> NurseryInstruction {
        var words: [String] = [], numbers: [Int] = []
        func number(_ range: ClosedRange<Int>) -> Int { range.lowerBound + random.integer(below: range.count) }
        switch skill {
        case .reverse, .sort, .upper, .novowel, .last, .repeat, .shift, .copyWord, .firstLetter: words = [word(&random)]
        case .copyWords: words = [word(&random), word(&random)]
        case .nth:
            while words.count < 3 {
                let next = word(&random)
                if !words.contains(next) { words.append(next) }
            }
            numbers = [number(0...2)]
        case .letterAfter: words = [String(letters[random.integer(below: 25)])]
        case .add: numbers = [number(10...89), number(2...24)]
        case .sub: numbers = [number(26...99), number(2...24)]
        case .max:
            while numbers.count < 3 {
                let next = number(10...99)
                if !numbers.contains(next) { numbers.append(next) }
            }
        case .seq:
            let start = number(1...80), step = number(1...12)
            numbers = [start, start + step, start + 2 * step]
        case .copyNumbers: numbers = [number(1...120), number(1...120)]
        case .numberAfter, .numberBefore: numbers = [number(1...120)]
        }
        return NurseryInstruction(
            skill: skill,
            words: words,
            numbers: numbers,
            paraphrase: random.integer(below: skill.paraphrases.count)
        )
    }

    private static let letters = Array("abcdefghijklmnopqrstuvwxyz")
    private static let consonants = Array("bcdfghklmnprstvz"), vowels = Array("aeiou")

    /// 3 to 5 letters, consonants and vowels alternating with probability .85.
    static func word(_ random: inout RandomStream) -> String {
        while true {
            var word = ""
            var vowel = random.integer(below: 2) == 0
            for _ in 0..<(3 + random.integer(below: 3)) {
                word.append(
                    vowel
                        ? vowels[random.integer(below: vowels.count)]
                        : consonants[random.integer(below: consonants.count)]
                )
                if random.uniform() < 0.85 { vowel.toggle() }
            }
            if !NurserySkill.reserved.contains(word) { return word }
        }
    }
}

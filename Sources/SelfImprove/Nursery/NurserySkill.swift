/// What nursery models can learn: twelve skills whose answers a program can check, in three groups, and the simple
/// copying and counting tasks of the trunk's auxiliary corpus, which nothing evaluates.
public enum NurserySkill: String, Sendable, Codable, CaseIterable, Hashable {
    case reverse, sort, upper, novowel
    case add, sub, max, seq
    case last, nth, `repeat`, shift
    case copyWord, copyWords, copyNumbers, numberAfter, numberBefore, letterAfter, firstLetter

    public enum Group: String, Sendable, CaseIterable { case letters, numbers, words, auxiliary }

    /// The twelve.
    public static let evaluated: [NurserySkill] = allCases.filter { $0.group != .auxiliary }

    public static func of(_ group: Group) -> [NurserySkill] { allCases.filter { $0.group == group } }

    public var group: Group {
        switch self {
        case .reverse, .sort, .upper, .novowel: .letters
        case .add, .sub, .max, .seq: .numbers
        case .last, .nth, .repeat, .shift: .words
        case .copyWord, .copyWords, .copyNumbers, .numberAfter, .numberBefore, .letterAfter, .firstLetter: .auxiliary
        }
    }

    /// Ways to ask for it. `{w}` is a word, `{x} {y} {z}` three of them, `{a} {b} {c}` numbers, `{n}` an ordinal.
    public var paraphrases: [String] {
        switch self {
        case .reverse:
            [
                "Reverse the word {w}.", "Write {w} backwards.", "Spell {w} from the last letter to the first.",
                "What is {w} in reverse order?",
            ]
        case .sort:
            [
                "Sort the letters of {w}.", "Put the letters of {w} in alphabetical order.",
                "Write the letters of {w} from a to z.",
                "Arrange {w} alphabetically.",
            ]
        case .upper:
            [
                "Write {w} in capital letters.", "Make {w} uppercase.", "Please capitalize every letter of {w}.",
                "Change {w} to upper case.",
            ]
        case .novowel:
            [
                "Remove the vowels from {w}.", "Write {w} without vowels.", "Keep only the consonants of {w}.",
                "Delete every vowel in {w}.",
            ]
        case .add: ["What is {a} plus {b}?", "Add {a} and {b}.", "Compute the sum of {a} and {b}.", "{a} + {b} ="]
        case .sub:
            [
                "What is {a} minus {b}?", "Subtract {b} from {a}.", "Compute the difference of {a} and {b}.",
                "{a} - {b} =",
            ]
        case .max:
            [
                "Which number is the largest: {a}, {b}, {c}?", "Find the maximum of {a}, {b}, {c}.",
                "Give the biggest of {a}, {b}, {c}.",
                "Pick the greatest number: {a}, {b}, {c}.",
            ]
        case .seq:
            [
                "Continue the sequence: {a}, {b}, {c},", "What comes next after {a}, {b}, {c}?",
                "Find the next number: {a}, {b}, {c},",
                "Extend the list {a}, {b}, {c},",
            ]
        case .last:
            [
                "What is the last letter of {w}?", "Give the last letter of {w}.", "Copy the last letter of {w}.",
                "Pick the last letter of {w}.",
            ]
        case .nth:
            [
                "What is the {n} word of: {x} {y} {z}?", "Copy the {n} word: {x} {y} {z}.",
                "From {x} {y} {z} pick the {n} word.",
                "Give the {n} item in {x} {y} {z}.",
            ]
        case .repeat:
            [
                "Repeat the word {w} twice.", "Write {w} two times.", "Say {w} again and again, two times.",
                "Please copy {w} twice.",
            ]
        case .shift:
            [
                "Replace every letter of {w} by the next letter.", "Move each letter of {w} one step forward.",
                "Shift {w} by one in the alphabet.",
                "Encode {w} with the next letters.",
            ]
        case .copyWord: ["Copy the word {w}.", "Say {w}."]
        case .copyWords: ["Copy the words {x} {y}.", "Say {x} {y}."]
        case .copyNumbers: ["Copy the numbers {a}, {b}.", "Say {a}, {b}."]
        case .numberAfter: ["Which number comes after {a}?", "Give the number after {a}."]
        case .numberBefore: ["Which number comes before {a}?", "Give the number before {a}."]
        case .letterAfter: ["Which letter comes after {w}?", "Give the letter after {w}."]
        case .firstLetter:
            ["What is the first letter of {w}?", "Give the first letter of {w}.", "Copy the first letter of {w}."]
        }
    }

    static let ordinals = ["first", "second", "third"]

    /// Every template word as the tokenizer spells it: with a leading space, or at the beginning of a sentence without.
    static let vocabulary: [String] = {
        var words: [String] = []
        var seen = Set<String>()
        for template in allCases.flatMap(\.paraphrases) + ordinals.map({ "x " + $0 }) {
            for (position, piece) in template.split(separator: " ").enumerated() where !piece.contains("{") {
                let letters = String(piece.prefix { $0.isLetter })
                guard letters.count > 1 else { continue }
                let word = position == 0 ? letters : " " + letters
                if seen.insert(word).inserted { words.append(word) }
            }
        }
        return words
    }()

    /// Payload words that are none: they would be spelled as one token of a template.
    static let reserved: Set<String> = Set(vocabulary.map { $0.drop { $0 == " " }.lowercased() })
}

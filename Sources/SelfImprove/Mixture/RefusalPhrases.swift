/// How answers decline in one language: a section of `Files/refusals.txt`.
struct RefusalPhrases: Sendable {
    /// ISO 639-1.
    let language: String
    /// Each character is a word: the language is written without spaces.
    let isWrittenWithoutSpaces: Bool
    /// How many words may stand before an inability, its apology among them.
    let reach: Int
    /// How soon after an inability at the start a service must come.
    let ahead: Int
    /// What a refusal begins with.
    let openings: [[Substring]]
    /// What a model calls itself, within the first 8 words.
    let speakers: [[Substring]]
    /// One of these must follow what a model calls itself, within 12 words; empty where nothing must.
    let selves: [[Substring]]
    let apologies: [[Substring]]
    let inabilities: [[Substring]]
    let services: [[Substring]]

    /// The sections of the file that the program carries.
    static let all: [RefusalPhrases] = parse(String(decoding: PackageResources.refusals_txt, as: UTF8.self))

    /// - Precondition: the format of the file: `== language`, `key: value`, and `list:` with a phrase a line.
    static func parse(_ text: String) -> [RefusalPhrases] {
        var sections: [(language: String, values: [String: String], lists: [String: [String]])] = []
        var list: String?
        for line in text.split(separator: "\n").map({ String($0) }) {
            if line.hasPrefix("== ") {
                sections.append((String(line.dropFirst(3)), [:], [:]))
                list = nil
            } else if sections.isEmpty {
                continue
            } else if line.hasSuffix(":") {
                list = String(line.dropLast())
                sections[sections.count - 1].lists[String(line.dropLast())] = []
            } else if let list {
                sections[sections.count - 1].lists[list]?.append(line)
            } else if let colon = line.firstRange(of: ": ") {
                sections[sections.count - 1].values[String(line[..<colon.lowerBound])] = String(
                    line[colon.upperBound...]
                )
            } else {
                preconditionFailure("refusals.txt: \(line)")
            }
        }
        return sections.map { RefusalPhrases($0.language, $0.values, $0.lists) }
    }

    private init(_ language: String, _ values: [String: String], _ lists: [String: [String]]) {
        func number(_ key: String) -> Int {
            guard let number = values[key].flatMap({ Int($0) }) else {
                preconditionFailure("refusals.txt, \(language): \(key) is not a number")
            }
            return number
        }
        let isWrittenWithoutSpaces = values["written"] == "without spaces"
        func phrases(_ key: String) -> [[Substring]] {
            (lists[key] ?? []).map { phrase in
                let words = isWrittenWithoutSpaces ? Refusal.characters(phrase) : Refusal.words(phrase)
                precondition(!words.isEmpty, "refusals.txt, \(language): a phrase of \(key) has no words")
                return words
            }
        }
        self.language = language
        self.isWrittenWithoutSpaces = isWrittenWithoutSpaces
        (reach, ahead) = (number("reach"), number("ahead"))
        (openings, speakers, selves) = (phrases("openings"), phrases("speakers"), phrases("selves"))
        (apologies, inabilities, services) = (phrases("apologies"), phrases("inabilities"), phrases("services"))
    }
}

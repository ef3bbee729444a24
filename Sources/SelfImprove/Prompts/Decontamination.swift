import LocalLM
import ModelFiles

/// Which training prompts a held-out set knows: a prompt falls out where it says the same as a row of an evaluation
/// file after normalisation (`NormalizedWords`), or where the two share `n` words in a row.
///
/// Source: GPT-3 (arXiv 2005.14165, appendix C): 13-grams of words. Deviations: a prompt that meets falls out whole (in
/// GPT-3 a window around the collision does, for its documents are long); texts of fewer than 13 words are compared as
/// a whole alone (GPT-3 shortens n to the 5th percentile of a set's lengths, at least 8); only what the user says is
/// compared, for system messages are alike by design, and n-grams do not reach from one turn into the next. What many
/// evaluation rows share is not content but the wording of the task: `commonRows` leaves it out, as GPT-3 leaves out
/// n-grams that occur in more than 10 documents. Beyond GPT-3, less than half of an n-gram may be such wording: the end
/// of a template and the first word after it are not content, either.
///
/// Memory is bounded by the evaluation set: its words, and one place a distinct n-gram. Words are compared, not only
/// hashes: no collision removes a prompt. Time is linear in both sets.
public struct Decontamination: Sendable {
    /// A row of a file.
    public struct Place: Sendable, Hashable, Codable, CustomStringConvertible {
        public var file: String
        /// Counted from 1.
        public var line: Int

        public init(file: String, line: Int) {
            self.file = file
            self.line = line
        }

        public var description: String { "\(file):\(line)" }
    }

    public enum Reason: String, Sendable, Codable, CaseIterable {
        /// The same after normalisation.
        case exact
        /// `n` words in a row.
        case ngram
    }

    /// What a prompt shares with an evaluation row.
    public struct Overlap: Sendable, Equatable {
        public var reason: Reason
        /// The first such row.
        public var row: Place
        /// The words shared, as far as both texts go on alike; at most `wordsShown`.
        public var words: [String]
    }

    public static let wordsShown = 40

    public let n: Int
    /// n-grams that more evaluation rows than this hold are ignored; nil ignores none.
    public let commonRows: Int?

    /// - Parameter n: words in a row; at least 2.
    public init(n: Int = 13, commonRows: Int? = nil) {
        precondition(n >= 2, "n-grams of \(n) words")
        precondition(commonRows.map { $0 >= 1 } ?? true, "n-grams of more than \(commonRows ?? 0) rows")
        self.n = n
        self.commonRows = commonRows
    }

    /// The turns that are compared: what the user says.
    public static func turns(of messages: [Message]) -> [String] {
        messages.filter { $0.role == "user" }.map(\.content)
    }

    private var index = NGramIndex()
    private var vocabulary: [String: UInt32] = [:]
    /// The word of each number; 0 ends a turn.
    private var spellings = [""]
    /// The evaluation set's words one after the other, a 0 after each turn.
    private var words: [UInt32] = []
    private var rows: [(place: Place, start: Int)] = []
    private var wholes: [[UInt32]: Int] = [:]
}

extension Decontamination {
    /// Adds a row of an evaluation file.
    public mutating func add(_ turns: [String], at place: Place) {
        let row = rows.count, start = words.count
        rows.append((place, start))
        for turn in turns {
            let first = words.count
            NormalizedWords.forEach(in: turn) { word in
                words.append(
                    vocabulary[word]
                        ?? {
                            let number = UInt32(spellings.count)
                            vocabulary[word] = number
                            spellings.append(word)
                            return number
                        }()
                )
            }
            if words.count - first >= n {
                for position in first...words.count - n { index.insert(position, of: words, n: n, row: row) }
            }
            words.append(0)
        }
        let whole = Array(words[start...])
        if whole.contains(where: { $0 != 0 }), wholes[whole] == nil { wholes[whole] = row }
    }

    /// What a training prompt shares with the evaluation set; nil where it may be trained on.
    public func overlap(_ turns: [String]) -> Overlap? {
        var prompt: [UInt32] = []
        for turn in turns {
            NormalizedWords.forEach(in: turn) { prompt.append(vocabulary[$0] ?? Self.unknown) }
            prompt.append(0)
        }
        if let row = wholes[prompt] {
            let shown = prompt.lazy.filter { $0 != 0 }.prefix(Self.wordsShown)
            return Overlap(reason: .exact, row: rows[row].place, words: shown.map { spellings[Int($0)] })
        }
        var known = 0, wording: [Int]?
        for end in prompt.indices {
            known = prompt[end] == 0 || prompt[end] == Self.unknown ? 0 : known + 1
            guard known >= n else { continue }
            let start = end + 1 - n
            guard let met = index.first(prompt, at: start, n: n, in: words, commonRows: commonRows) else { continue }
            if commonRows != nil {
                let before = wording ?? commonWords(before: prompt)
                wording = before
                if 2 * (before[end + 1] - before[start]) >= n { continue }
            }
            var length = n
            // A turn's end is in both texts or in neither.
            while length < Self.wordsShown, prompt[start + length] != 0, prompt[start + length] == words[met + length] {
                length += 1
            }
            return Overlap(
                reason: .ngram,
                row: rows[row(at: met)].place,
                words: words[met..<met + length].map { spellings[Int($0)] }
            )
        }
        return nil
    }

    /// How many words before each position belong to n-grams that more than `commonRows` rows hold.
    private func commonWords(before prompt: [UInt32]) -> [Int] {
        var isCommon = [Bool](repeating: false, count: prompt.count), known = 0, marked = 0
        for end in prompt.indices {
            known = prompt[end] == 0 || prompt[end] == Self.unknown ? 0 : known + 1
            let start = end + 1 - n
            guard known >= n, index.rows(prompt, at: start, n: n, in: words) > commonRows ?? .max else { continue }
            for position in max(start, marked)...end { isCommon[position] = true }
            marked = end + 1
        }
        return isCommon.reduce(into: [0]) { $0.append($0[$0.count - 1] + ($1 ? 1 : 0)) }
    }

    private static let unknown = UInt32.max

    /// The last row that starts at a position or before.
    private func row(at position: Int) -> Int {
        var low = 0, high = rows.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if rows[middle].start <= position { low = middle } else { high = middle }
        }
        return low
    }
}

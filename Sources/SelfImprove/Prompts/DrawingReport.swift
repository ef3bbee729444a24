/// Where a round's prompts came from, and what fell out on the way, with the first few of each reason.
public struct DrawingReport: Sendable, Equatable, Codable {
    public struct File: Sendable, Equatable, Codable {
        public var file: String
        /// Of the round, 0 to 1.
        public var share: Double
        /// Prompts that its share asks for, and that it gave. Where a file has too few, the others give more.
        public var wanted: Int
        public var drawn: Int
    }

    /// A prompt that a held-out row shares words with. Places are `file:line`.
    public struct Overlap: Sendable, Equatable, Codable {
        public var prompt: String
        public var row: String
        public var reason: Decontamination.Reason
        public var words: String
    }

    /// A prompt that is like one that was drawn.
    public struct Near: Sendable, Equatable, Codable {
        public var prompt: String
        public var other: String
        public var score: Double
    }

    /// What a model wrote.
    public struct Written: Sendable, Equatable, Codable {
        /// A text that is no prompt, cut where it is long.
        public struct Example: Sendable, Equatable, Codable {
            public var reason: WritingReason
            /// Which of the source's generations, from 0.
            public var generation: Int
            public var text: String
        }

        public var source: String
        public var kind: PromptWriter.Kind
        /// Digest of its weights; the name of one behind an endpoint.
        public var model: String
        /// SHA-256 of the words in which it was asked, or of the prefix that it went on from.
        public var prompt: String?
        /// Of the round, 0 to 1.
        public var share: Double
        public var wanted: Int
        public var drawn = 0
        public var generated = 0
        /// Rows that it may be shown, and those that a held-out set knows; nil where it is shown none.
        public var seeds: Int?
        public var heldOutSeeds: Int?
        /// Texts that are no prompts, by `WritingReason`, and the first few of each.
        public var dropped: [String: Int] = [:]
        public var examples: [Example] = []
    }

    public var drawn = 0
    public var files: [File] = []
    /// Prompts that met a held-out set, by reason, and by the file of the row that each met first.
    public var overlapping: [String: Int] = [:]
    public var overlappingFiles: [String: Int] = [:]
    public var overlaps: [Overlap] = []
    /// Prompts that are like one of an earlier round, and like one of the same.
    public var nearEarlier = 0
    public var nearSameRound = 0
    public var near: [Near] = []
    /// What models wrote; nil where none writes.
    public var written: [Written]?
    /// How much of each task was drawn against an even choice; nil: evenly.
    public var weights: [String: Double]?

    static let examples = 5

    public var fellOut: Int { overlapping.values.reduce(0, +) + nearEarlier + nearSameRound }

    mutating func record(_ overlap: Decontamination.Overlap, of prompt: String) {
        let count = overlapping[overlap.reason.rawValue, default: 0]
        if count < Self.examples {
            overlaps.append(
                Overlap(
                    prompt: prompt,
                    row: "\(overlap.row)",
                    reason: overlap.reason,
                    words: overlap.words.joined(separator: " ")
                )
            )
        }
        overlapping[overlap.reason.rawValue] = count + 1
        overlappingFiles[overlap.row.file, default: 0] += 1
    }

    mutating func record(_ match: (name: String, score: Double, isEarlier: Bool), of prompt: String) {
        if near.count < Self.examples {
            near.append(Near(prompt: prompt, other: match.name, score: match.score))
        }
        if match.isEarlier { nearEarlier += 1 } else { nearSameRound += 1 }
    }
}

extension DrawingReport {
    /// The counts, in one sentence.
    public var words: String {
        var parts = ["\(drawn) prompts"]
        let exact = overlapping[Decontamination.Reason.exact.rawValue] ?? 0
        let shared = overlapping[Decontamination.Reason.ngram.rawValue] ?? 0
        if exact + shared > 0 {
            parts.append("\(exact + shared) fell out that met a held-out set (\(exact) the same, \(shared) in part)")
        }
        if nearEarlier + nearSameRound > 0 {
            parts.append(
                "\(nearEarlier + nearSameRound) that are like others (\(nearEarlier) of earlier rounds, \(nearSameRound) of this one)"
            )
        }
        for file in files where file.drawn != file.wanted {
            parts.append("\(file.file) gave \(file.drawn) for \(file.wanted)")
        }
        parts += (written ?? []).map(\.words)
        return parts.joined(separator: "; ")
    }

    /// The counts and the examples, for people.
    public var lines: [String] {
        [words]
            + overlaps.map { "\($0.prompt) meets \($0.row) (\($0.reason.rawValue)): \($0.words)" }
            + near.map { "\($0.prompt) is like \($0.other) (\(Double(Int($0.score * 100)) / 100))" }
            + (written ?? []).flatMap { source in
                source.examples.map {
                    "\(source.source), generation \($0.generation), \($0.reason.rawValue): \($0.text)"
                }
            }
    }
}

extension DrawingReport.Written {
    /// Scalars of an example that are kept.
    private static let textShown = 200

    mutating func drop(_ text: String, _ reason: WritingReason, generation: Int) {
        let count = dropped[reason.rawValue, default: 0]
        if count < DrawingReport.examples, reason != .unused {
            let shown = String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.textShown)))
            examples.append(Example(reason: reason, generation: generation, text: shown))
        }
        dropped[reason.rawValue] = count + 1
    }

    /// "talk wrote 12 prompts for 20 in 80 generations (near 60, truncated 8)"
    public var words: String {
        let reasons = dropped.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        let text = "\(source) wrote \(drawn) prompts for \(wanted) in \(generated) generations"
        return seeds == 0
            ? text + " (no seed is left)" : text + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))")
    }
}

/// How many prompts met an evaluation set, by reason and by file, with the first few of them.
public struct DecontaminationReport: Sendable, Equatable {
    public struct Example: Sendable, Equatable, CustomStringConvertible {
        public var prompt: Decontamination.Place
        public var overlap: Decontamination.Overlap

        /// "prompts.jsonl:7 meets gate.jsonl:3 (ngram): what is the …"
        public var description: String {
            "\(prompt) meets \(overlap.row) (\(overlap.reason.rawValue)): \(overlap.words.joined(separator: " "))"
        }
    }

    /// Prompts looked at.
    public private(set) var prompts = 0
    public private(set) var counts: [Decontamination.Reason: Int] = [:]
    /// Prompts that fell out, by the evaluation file that they met first.
    public private(set) var files: [String: Int] = [:]
    /// The first of each reason.
    public private(set) var examples: [Example] = []
    public let examplesPerReason: Int

    public init(examplesPerReason: Int = 5) { self.examplesPerReason = examplesPerReason }

    public var dropped: Int { counts.values.reduce(0, +) }

    /// Records what became of one prompt.
    public mutating func record(_ overlap: Decontamination.Overlap?, of prompt: Decontamination.Place) {
        prompts += 1
        guard let overlap else { return }
        if counts[overlap.reason, default: 0] < examplesPerReason {
            examples.append(Example(prompt: prompt, overlap: overlap))
        }
        counts[overlap.reason, default: 0] += 1
        files[overlap.row.file, default: 0] += 1
    }
}

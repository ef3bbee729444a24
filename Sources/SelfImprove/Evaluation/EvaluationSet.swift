import Foundation
import LocalLM
import ModelFiles

/// Held-out prompts with their gold answers. During a campaign only this type reads gold answers: it compares them with
/// what a model said, and they go nowhere else.
public struct EvaluationSet: Sendable {
    /// One prompt and its key.
    public struct Item: Sendable {
        public var id: String
        /// Says which examples are shown before it, and how its answers are compared.
        public var task: String
        /// The part of the set that it is counted in: its task, or a slice of the row's own.
        public var slice: String
        public var messages: [Message]
        fileprivate let gold: String
        fileprivate let extraction: AnswerExtraction
        /// What the gold answer says.
        fileprivate let goldKey: String

        /// Exact match of the trimmed texts.
        public func isCorrect(_ output: String) -> Bool {
            output.trimmingCharacters(in: .whitespacesAndNewlines) == gold
        }

        /// Whether it says what the gold answer says. What is unparsable is wrong.
        public func isLenientlyCorrect(_ output: String) -> Bool {
            extraction.statement(of: output.trimmingCharacters(in: .whitespacesAndNewlines))?.key == goldKey
        }
    }

    public private(set) var items: [Item]
    /// Whether lenient marks can differ from strict ones.
    public let hasLenientMarks: Bool
    /// The whole file as it is kept, keys included.
    public let bytes: Data
    public var digest: String { ContentDigest.sha256(bytes) }

    /// - Throws: for a row without an answer, or with one that says nothing, or a duplicate id.
    public init(rows: [PromptRow], name: String, comparison: AnswerComparison = .whole) throws {
        hasLenientMarks = !comparison.isWhole
        let named = Set(rows.compactMap(\.id))
        var seen = Set<String>()
        items = try rows.enumerated().map { index, row in
            guard let gold = row.answer else {
                throw SelfImproveError(
                    .input,
                    "row \(index + 1) has no answer",
                    context: name,
                    hint: "an evaluation file needs {\"prompt\": ..., \"answer\": ...} on every line"
                )
            }
            // Its place in the file, where no other row calls itself so.
            let id = row.id ?? (named.contains("\(index)") ? PromptDigest.of(row.prompt) : "\(index)")
            guard seen.insert(id).inserted else {
                throw SelfImproveError(
                    .input,
                    "duplicate id \(id)",
                    context: name,
                    hint: "ids tell prompts apart; leave them out or make them unique"
                )
            }
            let task = row.task ?? PromptRow.defaultTask, extraction = comparison[task]
            let trimmed = gold.trimmingCharacters(in: .whitespacesAndNewlines)
            guard let said = extraction.statement(ofGold: trimmed) else {
                throw SelfImproveError(
                    .input,
                    "nothing can be extracted from the answer of row \(index + 1)",
                    context: name,
                    hint: "answers of the task \(task) are compared by extract: \(extraction.rule.extract.rawValue)"
                )
            }
            return Item(
                id: id,
                task: task,
                slice: row.slice ?? task,
                messages: row.prompt,
                gold: trimmed,
                extraction: extraction,
                goldKey: said.key
            )
        }
        guard !items.isEmpty else { throw SelfImproveError(.input, "no prompts to evaluate with", context: name) }
        bytes = JSONLines.encode(rows)
    }

    /// Reads back what was kept.
    public init(bytes: Data, name: String, comparison: AnswerComparison = .whole) throws {
        try self.init(
            rows: JSONLines.decode(PromptRow.self, bytes, name: name),
            name: name,
            comparison: comparison
        )
    }

    /// At most `count` of its prompts, a choice by seed in the order of the set.
    func part(_ count: Int, seed: UInt64) -> EvaluationSet {
        var random = RandomStream(key: seed), part = self
        part.items = random.choice(count, of: items)
        return part
    }

    public var slices: [String] {
        var seen = Set<String>()
        return items.map(\.slice).filter { seen.insert($0).inserted }
    }

    /// SHA-256 of every prompt: what a round must not draw.
    public var promptDigests: Set<String> { Set(items.map { PromptDigest.of($0.messages) }) }
    /// The same of what they ask: what no example may show.
    var questionDigests: Set<String> { Set(items.map { PromptDigest.ofQuestion($0.messages) }) }
}

import Foundation
import ModelFiles

/// Held-out prompts with their gold answers. During a campaign only this type reads gold answers: it compares them with
/// what a model said, and they go nowhere else.
public struct EvaluationSet: Sendable {
    /// One prompt and its key.
    public struct Item: Sendable {
        public var id: String
        /// The task that it belongs to.
        public var slice: String
        public var messages: [Message]
        fileprivate let gold: String

        /// Exact match of the trimmed texts.
        public func isCorrect(_ output: String) -> Bool {
            output.trimmingCharacters(in: .whitespacesAndNewlines)
                == gold.trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    public let items: [Item]
    /// The file as it is kept, keys included.
    public let bytes: Data
    public var digest: String { ContentDigest.sha256(bytes) }

    /// - Throws: for a row without an answer, or a duplicate id.
    public init(rows: [PromptRow], name: String) throws {
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
            let id = row.id ?? "\(index)"
            guard seen.insert(id).inserted else {
                throw SelfImproveError(
                    .input,
                    "duplicate id \(id)",
                    context: name,
                    hint: "ids tell prompts apart; leave them out or make them unique"
                )
            }
            return Item(id: id, slice: row.task ?? "all", messages: row.prompt, gold: gold)
        }
        guard !items.isEmpty else { throw SelfImproveError(.input, "no prompts to evaluate with", context: name) }
        bytes = JSONLines.encode(rows)
    }

    /// Reads back what was kept.
    public init(bytes: Data, name: String) throws {
        try self.init(rows: JSONLines.decode(PromptRow.self, bytes, name: name), name: name)
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

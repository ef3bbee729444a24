import Foundation
import LocalLM
import ModelFiles

/// What self-instruct shows: prompts of files with one turn of a user, without those that a held-out set knows. Answers
/// in the files are never read.
struct SeedPrompts: Sendable {
    struct Seed: Sendable {
        var origin: PromptOrigin.Seed
        var task: String
        var text: String
    }

    private(set) var all: [Seed] = []
    /// Rows that were left out, for a held-out set knows them.
    private(set) var heldOut = 0
    private var tasks: [String: [Int]] = [:]
    private var questions: Set<String> = []
    private var near: NearPrompts

    /// - Throws: what reading the files throws.
    init(files: [String], near: NearPrompts, isHeldOut: ([Message]) -> Bool) throws {
        self.near = near
        for path in files {
            for (line, row) in try JSONLines.numbered(PromptRow.self, from: URL(fileURLWithPath: path)) {
                guard let text = Self.text(of: row) else { continue }
                if isHeldOut(row.prompt) {
                    heldOut += 1
                    continue
                }
                let task = row.task ?? PromptRow.defaultTask
                tasks[task, default: []].append(all.count)
                let id = row.id ?? PromptDigest.of(row.prompt)
                all.append(Seed(origin: .init(file: path, line: line, id: id), task: task, text: text))
                questions.insert(PromptDigest.ofQuestion(row.prompt))
                self.near.keep(row.prompt, name: "\(path):\(line)")
            }
        }
    }

    /// What a row asks; nil where a conversation goes before it.
    static func text(of row: PromptRow) -> String? {
        let said = row.prompt.filter { $0.role != "system" }
        guard said.count == 1, said[0].role == "user" else { return nil }
        let text = said[0].content.trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : text
    }

    /// A choice of different seeds of one task, each task as likely as it has seeds, in the order of the draw.
    /// - Returns: fewer than `count` where the task has no more; none where there is no seed.
    func draw(_ count: Int, key: UInt64) -> [Seed] {
        guard !all.isEmpty else { return [] }
        var random = RandomStream(key: key)
        var chosen = [random.integer(below: all.count)]
        let others = tasks[all[chosen[0]].task] ?? chosen
        while chosen.count < min(count, others.count) {
            let next = others[random.integer(below: others.count)]
            if !chosen.contains(next) { chosen.append(next) }
        }
        return chosen.map { all[$0] }
    }

    func holds(_ messages: [Message]) -> Bool { questions.contains(PromptDigest.ofQuestion(messages)) }
    mutating func isLikeOne(_ messages: [Message]) -> Bool { near.isLikeOne(messages) }
}

import Foundation
import ModelFiles

/// Prompts "echo N", to be answered by N: those of rounds, gate and report of a scripted campaign.
public enum EchoPrompts {
    /// - Parameter follows: what is added to N for the second question of a conversation; nil: there is one.
    public static func write(to folder: URL, gate: Int, report: Int, follows: Int? = nil) throws {
        try rows(0..<200, gold: false, follows).write(to: folder.appendingPathComponent("prompts.jsonl"))
        try rows(1000..<1000 + gate, gold: true).write(to: folder.appendingPathComponent("gate.jsonl"))
        try rows(2000..<2000 + report, gold: true).write(to: folder.appendingPathComponent("report.jsonl"))
    }

    private static func rows(_ range: Range<Int>, gold: Bool, _ follows: Int? = nil) -> Data {
        JSONLines.encode(
            range.map { number in
                let second = follows.map {
                    [Message(role: "assistant", content: "?"), Message(role: "user", content: "echo \(number + $0)")]
                }
                return PromptRow(
                    id: "\(number)",
                    task: "echo",
                    prompt: [Message(role: "user", content: "echo \(number)")] + (second ?? []),
                    answer: gold ? "\(number)" : nil
                )
            }
        )
    }
}

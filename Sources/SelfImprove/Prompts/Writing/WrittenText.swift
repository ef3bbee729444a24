import Foundation
import ModelFiles

/// What of a generation is the prompt. Total: any text is read, in linear time.
enum WrittenText {
    /// Models number what they write, give it a title, or go on with the next one: the first task counts, without its
    /// label and without quotation marks around it.
    static func instruction(_ text: String) -> String {
        var lines = text.trimmingCharacters(in: .whitespacesAndNewlines)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)[...]
        if let first = lines.first, let label = label(of: first) {
            lines[lines.startIndex] = label.rest
            if let number = label.number,
                let next = lines.dropFirst().firstIndex(where: { Self.label(of: $0)?.number == number + 1 })
            {
                lines = lines[..<next]
            }
        }
        return unquoted(lines.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private static let titles = ["new task", "new instruction", "task", "instruction"]

    /// "9. ", "9) ", "Task 9: ", "**Task 9:** ", "Instruction: " at the beginning of a line.
    private static func label(of line: Substring) -> (number: Int?, rest: Substring)? {
        var rest = line.drop { $0 == "*" || $0 == "#" || $0 == " " }
        let start = rest.prefix(16).lowercased()
        let title = titles.first { start.hasPrefix($0) }
        if let title { rest = rest.dropFirst(title.count).drop { $0 == " " } }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(digits.count)
        guard title != nil || !digits.isEmpty, digits.count <= 6, let mark = rest.first,
            digits.isEmpty ? mark == ":" : ":.)".contains(mark)
        else { return nil }
        rest = rest.dropFirst().drop { $0 == "*" }
        guard rest.first?.isWhitespace ?? true else { return nil }
        return (Int(digits), rest.drop(while: \.isWhitespace))
    }

    private static let quotes: [Character: Character] = ["\"": "\"", "“": "”", "«": "»", "„": "“"]

    private static func unquoted(_ text: String) -> String {
        guard text.count > 2, let open = text.first, let close = quotes[open], text.last == close else { return text }
        let inner = text.dropFirst().dropLast()
        if inner.contains(open) || inner.contains(close) { return text }
        return inner.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// What answers and prompts are dropped for alike, before anything is compared.
struct WritingFilter: Sendable {
    private let kind: PromptWriter.Kind
    private let refusals: [String]
    private let leak: PromptLeak?

    /// Words of an instruction at most, as Self-Instruct has it; Magpie knows no such limit. Its lower limit of four
    /// words is left out: "Reverse abc" is a task.
    static let longest = 150

    /// - Parameter refusals: languages (ISO 639-1) in which the model may decline.
    init(_ writer: PromptWriter, refusals: [String]) {
        kind = writer.kind
        self.refusals = refusals
        leak = (writer.examples?.prompt).map { PromptLeak(words: $0.ownTexts) }
    }

    /// The prompt, and why it is none; nil where it may be one.
    func read(_ answer: Answer, to messages: [Message]) -> (text: String, reason: WritingReason?) {
        let text =
            switch kind {
            case .selfInstruct: WrittenText.instruction(answer.text)
            case .magpie: answer.text.trimmingCharacters(in: .whitespacesAndNewlines)
            }
        return (text, reason(text, answer, messages))
    }

    private func reason(_ text: String, _ answer: Answer, _ messages: [Message]) -> WritingReason? {
        if answer.finishReason == .length { return .truncated }
        if text.isEmpty { return .empty }
        if Self.isGarbled(text) { return .garbled }
        if kind == .selfInstruct {
            if Refusal.opens(text, in: refusals) { return .refusal }
            if let leak, leak.isIn(text, to: []) { return .leak }
            if text.split(whereSeparator: \.isWhitespace).count > Self.longest { return .overLong }
        }
        return Repetition.isExcessive(text) ? .repetition : nil
    }

    private static func isGarbled(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            scalar.value == 0xFFFD || scalar.value == 0x7F
                || scalar.value < 0x20 && !"\n\t\r".unicodeScalars.contains(scalar)
        } || structure.contains(where: text.contains)
    }

    /// Tokens by which the templates of the common families tell turns apart: in a prompt they would end it.
    private static let structure = [
        "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|begin_of_text|>",
        "<|endoftext|>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<|user|>", "<|assistant|>",
        "<|system|>", "<|end|>", "<|ask|>", "<|answer|>", "<|aggregate|>", "<|sep|>",
    ]
}

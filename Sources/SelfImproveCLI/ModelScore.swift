import ArgumentParser
import Foundation
import LocalLM
import ModelFiles

struct ModelScore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Logprobs that a model gives to tokens.",
        discussion: """
            Reads {"ids":[...]} (scores ids 2, 3, ...) or {"prompt":...,"completion":...} (texts, or messages and one \
            answer; scores the completion); prints {"token_logprobs":[...],"logprob":x,"tokens":n}, natural logarithms.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Directory, GGUF file, digest or alias.") var model: String
    @OptionGroup var adapter: AdapterOption
    @Flag(help: "Also print the logits of the whole vocabulary after the last token.") var logits = false
    @Option(help: "Cores to use; all by default.") var threads: Int?

    private struct Input: Decodable {
        var ids: [Int]?
        var prompt: TextOrMessages?
        var completion: TextOrMessages?
    }

    private struct Result: Encodable {
        var token_logprobs: [Float]
        var logprob: Double
        var tokens: Int
        var last_logits: [Float]?
    }

    func run() async throws {
        let checkpoint = try adapter.applied(to: state.checkpoint(model))
        let engine = InferenceEngine(
            weights: checkpoint.weights,
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount
        )
        try Output.forEachInput(Input.self) { row in
            let example: Example
            if let ids = row.ids {
                example = Example(ids: ids, promptCount: 1)
            } else if let prompt = row.prompt, let completion = row.completion {
                example = try Self.example(prompt, completion, checkpoint)
            } else {
                throw LocalLMError(.input, "a line needs \"ids\", or \"prompt\" and \"completion\"")
            }
            let logprobs = try engine.logprobs(of: [example])[0]
            let last = logits ? try engine.allLogprobs(ids: example.ids, lastLogits: true).lastLogits : nil
            try Output.json(
                Result(
                    token_logprobs: logprobs,
                    logprob: logprobs.reduce(0) { $0 + Double($1) },
                    tokens: logprobs.count,
                    last_logits: last
                )
            )
        }
    }

    private static func example(_ prompt: TextOrMessages, _ completion: TextOrMessages, _ checkpoint: Checkpoint) throws
        -> Example
    {
        switch (prompt, completion) {
        case (.messages(let messages), .messages(let answer)):
            guard let example = try checkpoint.example(prompt: messages, completion: answer) else {
                throw LocalLMError(.input, "the prompt's tokens are not a prefix of the whole conversation's")
            }
            return example
        case (.messages(let messages), .text(let answer)):
            guard let example = try checkpoint.example(prompt: messages, completion: answer) else {
                throw LocalLMError(.input, "the prompt's tokens are not a prefix of the whole conversation's")
            }
            return example
        case (.text(let text), .text(let answer)):
            let ids = checkpoint.tokenizer.encode(text + answer)
            return Example(ids: ids, promptCount: checkpoint.tokenizer.count(of: ids, within: text))
        case (.text, .messages):
            throw LocalLMError(.input, "\"prompt\" is a text and \"completion\" messages; give both in one form")
        }
    }
}

/// A field that is a text, or a conversation.
enum TextOrMessages: Decodable {
    case text(String)
    case messages([Message])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .messages(try container.decode([Message].self))
        }
    }
}

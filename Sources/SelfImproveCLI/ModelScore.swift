import ArgumentParser
import Foundation
import LocalLM
import ModelFiles
import SelfImprove

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
    @Option(help: ModelGenerate.precisionHelp) var precision: PrecisionChoice = .auto
    @Option(help: ModelGenerate.weightsHelp) var weights: WeightFormat?
    @Flag(help: "Also print the logits of the whole vocabulary after the last token.") var logits = false
    @Option(help: "Cores to use; all by default.") var threads: Int?

    private struct Result: Encodable {
        var token_logprobs: [Float]
        var logprob: Double
        var tokens: Int
        var last_logits: [Float]?
    }

    func run() async throws {
        let checkpoint = try adapter.applied(to: state.checkpoint(model))
        let engine = try InferenceEngine(
            checkpoint,
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
            precision: precision.weights,
            format: weights,
            keepsPanels: true
        )
        try Output.forEachInput { row in
            try row.one(of: [["ids"], ["prompt", "completion", "tools"]])
            let example: Example
            if let ids = try row.ids("ids") {
                example = Example(ids: ids, promptCount: 1)
            } else if row.json["prompt"] != nil, row.json["completion"] != nil {
                example = try Self.example(row, checkpoint)
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

    private static func example(_ row: RowFields, _ checkpoint: Checkpoint) throws -> Example {
        if case .string(let text)? = row.json["prompt"] {
            guard case .string(let answer)? = row.json["completion"] else {
                throw LocalLMError(.input, "\"prompt\" is a text and \"completion\" is not; give both in one form")
            }
            guard !text.isEmpty, row.json["tools"] == nil else {
                throw text.isEmpty
                    ? row.error(
                        "the prompt is empty: a first token follows nothing",
                        "begin with the model's BOS token"
                    )
                    : row.error("tools stand beside texts", "give \"prompt\" as messages")
            }
            let ids = checkpoint.tokenizer.encode(text + answer)
            return Example(ids: ids, promptCount: checkpoint.tokenizer.count(of: ids, within: text))
        }
        let completion =
            try row.json["completion"]?.string.map { [Message(role: "assistant", content: $0)] }
            ?? row.messages("completion")
        let prompt = try row.messages("prompt")
        guard let example = try checkpoint.example(prompt: prompt, completion: completion, tools: row.tools()) else {
            throw LocalLMError(.input, "the prompt's tokens are not a prefix of the whole conversation's")
        }
        return example
    }
}

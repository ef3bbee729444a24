import ArgumentParser
import Foundation
import LocalLM
import ModelFiles
import SelfImprove

struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talk to a model.",
        discussion: """
            Every line of standard input is a message; the answer follows on standard output. An empty line, or \
            Ctrl-D, ends the chat. With --json every answer is one object.

            selfimprove chat nursery/champion --alone
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Directory, GGUF file, digest or alias.") var model: String
    @Option(help: "0 is greedy.") var temperature = 0.0
    @Option(help: "At most so many tokens in an answer.") var maxTokens = 256
    @Option(help: "Of the sampling.") var seed: UInt64 = 0
    @Option(help: ModelGenerate.weightsHelp) var weights: WeightFormat?
    @Flag(help: "Each message by itself, without what was said before: for models that know no conversations.")
    var alone = false

    func validate() throws {
        guard temperature >= 0, maxTokens > 0 else {
            throw ValidationError("--temperature starts at 0, --max-tokens at 1")
        }
    }

    func run() async throws {
        let checkpoint = try state.checkpoint(model)
        let engine = try InferenceEngine(checkpoint, threads: Machine.cores, format: weights, keepsPanels: true)
        var messages: [Message] = []
        let isTerminal = isatty(STDIN_FILENO) == 1 && !state.json
        var turn: UInt64 = 0
        while true {
            try Output.check()
            if isTerminal { Output.prompt("> ") }
            guard let line = readLine(), !line.isEmpty else { break }
            if alone { messages = [] }
            messages.append(Message(role: "user", content: line))
            let request = GenerationRequest(ids: try checkpoint.promptIDs(messages), key: RandomKey.derive(seed, turn))
            let answer = try engine.generate(
                [request],
                sampling: Sampling(temperature: temperature, maximumTokens: maxTokens)
            )[0][0]
            let text = checkpoint.tokenizer.decode(answer.ids, skippingSpecialTokens: true)
            messages.append(Message(role: "assistant", content: text))
            turn += 1
            if state.json {
                try Output.json(["text": text, "finish_reason": answer.finishReason.rawValue])
            } else {
                Output.line(text)
            }
        }
    }
}

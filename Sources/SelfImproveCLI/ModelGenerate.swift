import ArgumentParser
import Foundation
import LocalLM
import ModelFiles
import SelfImprove

struct ModelGenerate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Answer prompts.",
        discussion: """
            Reads {"ids":[...]}, {"prompt":"..."} (text that the model continues as it is) or {"messages":[...]} (a \
            conversation, by the model's chat template: what an instruct model was trained on; "tools" may stand \
            beside it, where the template knows them); prints per sample
            {"ids":[...],"text":"...","finish_reason":"stop|length","logprob":x}, and with --logprobs also \
            "token_logprobs":[...]. A sample depends only on its prompt, --seed and its number, not on other samples \
            of the batch. Limits apply in transformers' order: repetition penalty, temperature, top-k, top-p, min-p.
            """
    )

    static let precisionHelp: ArgumentHelp = """
        fp32; bf16: weights and what they are multiplied with are rounded, the fastest where the processor has bf16; \
        auto: arithmetic in fp32, weights in bf16 where that changes none of them, and so no answer.
        """
    static let weightsHelp: ArgumentHelp = """
        How weights are held: fp32, bf16, or int8, with a scale for each output: half of bf16's memory, and answers \
        that differ a little; default: as they came, or as --precision says.
        """

    @OptionGroup var state: StateOptions
    @Argument(help: "Directory, GGUF file, digest or alias.") var model: String
    @OptionGroup var adapter: AdapterOption
    @Option(help: "Most new tokens.") var maxTokens = 256
    @Option(help: "0 is greedy.") var temperature = 0.7
    @Option(name: .customLong("top-p"), help: "Sample from the smallest set of tokens with this probability.")
    var topP = 1.0
    @Option(name: .customLong("top-k"), help: "Sample from the k most likely tokens; 0: all.") var topK = 0
    @Option(
        name: .customLong("min-p"),
        help: "Leave out tokens less likely than this share of the likeliest one; 0: none."
    ) var minP = 0.0
    @Option(help: "Divide the logits of tokens that the prompt or the answer has (multiply, where negative); 1: off.")
    var repetitionPenalty = 1.0
    @Option(help: "Text that ends an answer, which keeps what is before it; may be given several times.") var stop:
        [String] = []
    @Flag(help: "Also print each token's logprob.") var logprobs = false
    @Option(help: Self.precisionHelp) var precision: PrecisionChoice = .auto
    @Option(help: Self.weightsHelp) var weights: WeightFormat?
    @Option(
        name: .customLong("kv-cache"),
        help: "Keys and values: fp32, or bf16 for half of the memory; default: bf16 with --precision bf16, else fp32."
    )
    var keyValueCache: Precision?
    @Option(help: "Answers per prompt.") var samples = 1
    @Option(help: "Of the random numbers.") var seed: UInt64 = 0
    @Flag(name: .customLong("ignore-eos"), help: "EOS may be produced and does not stop.") var ignoreEOS = false
    @Option(help: "Cores to use; all by default.") var threads: Int?

    private struct Result: Encodable {
        var ids: [Int]
        var text: String
        var finish_reason: FinishReason
        var logprob: Double
        var token_logprobs: [Float]?
    }

    /// What requests to a server say beside a prompt, and options say here, for all lines.
    private static let options = [
        ("max_tokens", "--max-tokens"), ("max_completion_tokens", "--max-tokens"), ("temperature", "--temperature"),
        ("top_p", "--top-p"), ("top_k", "--top-k"), ("min_p", "--min-p"), ("seed", "--seed"), ("stop", "--stop"),
        ("repetition_penalty", "--repetition-penalty"), ("n", "--samples"), ("samples", "--samples"),
    ]

    func validate() throws {
        guard maxTokens > 0, samples > 0, topK >= 0, temperature >= 0, temperature.isFinite, topP > 0, topP <= 1,
            threads ?? 1 > 0
        else {
            throw ValidationError(
                "--max-tokens, --samples and --threads start at 1, --temperature and --top-k at 0, and --top-p lies above 0 and up to 1"
            )
        }
        guard minP >= 0, minP <= 1, repetitionPenalty > 0, repetitionPenalty.isFinite, !stop.contains("") else {
            throw ValidationError(
                "--min-p lies from 0 to 1, --repetition-penalty above 0, and a --stop text is not empty"
            )
        }
    }

    func run() async throws {
        let checkpoint = try adapter.applied(to: state.checkpoint(model))
        let engine = try InferenceEngine(
            checkpoint,
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
            precision: precision.weights,
            format: weights,
            cache: keyValueCache,
            keepsPanels: true
        )
        let sampling = Sampling(
            temperature: temperature,
            topP: topP,
            topK: topK,
            minP: minP,
            repetitionPenalty: repetitionPenalty,
            stop: stop,
            maximumTokens: maxTokens,
            ignoresEOS: ignoreEOS
        )
        var prompts: [[Int]] = []
        try Output.forEachInput { row in
            try row.one(of: [["ids"], ["prompt"], ["messages", "tools"]])
            for (key, option) in Self.options where row.json[key] != nil {
                throw row.error("\"\(key)\" is not read from a line", "give \(option)")
            }
            let prompt: [Int]
            if let ids = try row.ids("ids") {
                prompt = ids
            } else if let text = try row.text("prompt") {
                prompt = checkpoint.tokenizer.encode(text)
            } else if row.json["messages"] != nil {
                _ = try checkpoint.chatTemplate()
                prompt = try checkpoint.promptIDs(row.messages("messages"), tools: row.tools())
            } else {
                throw LocalLMError(.input, "a line needs \"ids\", \"prompt\" or \"messages\"")
            }
            try engine.check(GenerationRequest(ids: prompt, key: 0))
            prompts.append(prompt)
        }
        let requests = prompts.enumerated().map {
            GenerationRequest(ids: $0.element, samples: samples, key: RandomKey.derive(seed, UInt64($0.offset)))
        }
        for sequence in try engine.generate(requests, sampling: sampling, tokenizer: checkpoint.tokenizer).joined() {
            let text = sequence.text ?? checkpoint.tokenizer.decode(sequence.ids, skippingSpecialTokens: true)
            try Output.json(
                Result(
                    ids: sequence.ids,
                    text: text,
                    finish_reason: sequence.finishReason,
                    logprob: sequence.logprob,
                    token_logprobs: logprobs ? sequence.tokenLogprobs : nil
                )
            )
        }
    }
}

extension Precision: ExpressibleByArgument {}
extension WeightFormat: ExpressibleByArgument {}

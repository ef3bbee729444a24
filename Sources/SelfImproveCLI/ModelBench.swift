import ArgumentParser
import Foundation
import LocalLM
import SelfImprove

struct ModelBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure training or decoding speed of a model, or of a shape with random weights.",
        discussion:
            "Prints one JSON object. Example: selfimprove model bench --shape hidden=256,layers=6,heads=8,kvHeads=4,ffn=768,vocab=2048 --task train --batch 16 --length 128"
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "The model to measure; leave it out with --shape.") var model: String?
    @Option(help: "Random weights of this shape: \(ModelShape.help)") var shape: String?
    @Option(help: "train, dpo, prefill or decode.") var task: SpeedMeasurement.Task = .train
    @Option(help: "Sequences at once (pairs with dpo).") var batch = 16
    @Option(help: "Tokens per sequence; new tokens with decode.") var length = 128
    @Option(help: "fp32, bf16, or auto: of matrix products in training, of weights in decode and prefill.")
    var precision: PrecisionChoice = .fp32
    @Option(name: .customLong("weights"), help: "With decode and prefill: fp32, bf16 or int8; default: as --precision.")
    var format: WeightFormat?
    @Option(
        name: .customLong("kv-cache"),
        help: "Keys and values of decode and prefill: fp32 or bf16; default: as the precision."
    )
    var keyValueCache: Precision?
    @Option(help: "With dpo: tokens that both sequences of a pair begin with, and that are not trained.")
    var commonPrompt = 0
    @Option(help: "With decode: tokens that every prompt begins with; measures what it saves to compute them once.")
    var context: Int?
    @Option(help: "With --context: further tokens of each prompt.") var prompt = 60
    @Option(help: "With --context: answers to each prompt.") var samples = 3
    @Option(help: "Cores to use; all by default.") var threads: Int?
    @Option(help: "Counted repetitions; the median is reported.") var repetitions = 7

    func validate() throws {
        guard (model == nil) != (shape == nil) else { throw ValidationError("give either MODEL or --shape") }
        guard batch > 0, length > 0, repetitions > 0, threads ?? 1 > 0, context ?? 1 > 0, prompt > 0, samples > 0 else {
            throw ValidationError(
                "--batch, --length, --context, --prompt, --samples, --threads and --repetitions start at 1"
            )
        }
        guard commonPrompt >= 0, commonPrompt == 0 || task == .dpo else {
            throw ValidationError("--common-prompt needs --task dpo, and starts at 0")
        }
        guard format == nil || (context == nil && (task == .decode || task == .prefill)) else {
            throw ValidationError("--weights needs --task decode or prefill, without --context")
        }
        guard context == nil || task == .decode else { throw ValidationError("--context needs --task decode") }
    }

    func run() async throws {
        let weights: Weights
        if let model {
            weights = try state.checkpoint(model).trainableWeights()
        } else {
            let positions = length + (context.map { $0 + prompt } ?? 64)
            weights = Initialization.gaussian(try .named(shape!, positions: positions), seed: 0)
        }
        let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        if let context {
            return try Output.json(
                ContextMeasurement.measure(
                    weights: weights,
                    context: context,
                    prompt: prompt,
                    prompts: batch,
                    samples: samples,
                    length: length,
                    threads: threads,
                    repetitions: repetitions,
                    precision: precision.weights,
                    cache: keyValueCache
                )
            )
        }
        let result = try SpeedMeasurement.measure(
            task,
            weights: weights,
            batch: batch,
            length: length,
            threads: threads,
            repetitions: repetitions,
            training: precision.training,
            inference: precision.weights,
            format: format,
            cache: keyValueCache,
            commonPrompt: commonPrompt
        )
        try Output.json(result)
    }
}

extension SpeedMeasurement.Task: ExpressibleByArgument {}

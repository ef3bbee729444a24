import ArgumentParser
import Foundation
import LocalLM
import SelfImprove

struct ModelMerge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Merge a PEFT adapter into its base.",
        discussion:
            """
            Writes a Hugging Face directory whose weights are those of the base plus scale B A, one tensor at a time: \
            beyond 5 GB in several files and an index. Example:
            selfimprove model merge ./base ./adapter ./merged
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "The base: directory, GGUF file, digest or alias.") var model: String
    @Argument(help: "Directory with adapter_config.json and adapter_model.safetensors.") var adapter: String
    @Argument(help: ArgumentHelp("Folder to write; must not exist.", valueName: "DIR")) var directory: String
    @Option(help: "Number format of the model that is written: fp32, bf16, or auto: bf16 where the base came in bf16.")
    var store: PrecisionChoice = .fp32

    func run() async throws {
        let base = try state.checkpoint(model)
        let loaded = try Adapter.load(URL(fileURLWithPath: adapter, isDirectory: true), for: base.configuration)
        let digest = try base.save(
            to: URL(fileURLWithPath: directory, isDirectory: true),
            as: store.weights ?? base.storage,
            merging: loaded
        )
        if state.json { return try Output.json(["model": digest, "directory": directory]) }
        Output.line("\(directory): model \(digest.prefix(12)), \(adapter) merged into \(model)")
    }
}

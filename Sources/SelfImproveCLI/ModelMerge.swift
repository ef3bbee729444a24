import ArgumentParser
import Foundation
import LocalLM

struct ModelMerge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Merge a PEFT adapter into its base.",
        discussion:
            "Writes a Hugging Face directory whose weights are those of the base plus scale B A. Example: selfimprove model merge ./base ./adapter ./merged"
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "The base: directory, GGUF file, digest or alias.") var model: String
    @Argument(help: "Directory with adapter_config.json and adapter_model.safetensors.") var adapter: String
    @Argument(help: ArgumentHelp("Folder to write; must not exist.", valueName: "DIR")) var directory: String

    func run() async throws {
        let base = try state.checkpoint(model)
        let loaded = try Adapter.load(URL(fileURLWithPath: adapter, isDirectory: true), for: base.configuration)
        let digest = try base.replacing(loaded.merged(into: base.weights)).save(
            to: URL(fileURLWithPath: directory, isDirectory: true)
        )
        if state.json { return try Output.json(["model": digest, "directory": directory]) }
        Output.line("\(directory): model \(digest.prefix(12)), \(adapter) merged into \(model)")
    }
}

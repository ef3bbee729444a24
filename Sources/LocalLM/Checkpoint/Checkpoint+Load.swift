import Foundation
import ModelFiles

extension Checkpoint {
    /// Reads a Hugging Face directory. Nothing in it is trusted.
    ///
    ///     let model = try Checkpoint.load(URL(fileURLWithPath: "models/SmolLM2-135M-Instruct"))
    ///     let ids = try model.promptIDs([Message(role: "user", content: "Hi")])
    ///
    /// - Throws: `LocalLMError` for whatever does not fit, with the file and the place in it.
    public static func load(_ directory: URL) throws -> Checkpoint {
        let files = try ModelDirectory(directory)
        return Checkpoint(
            weights: try WeightsReader(files.weights).read(files.configuration),
            tokenizer: files.tokenizer,
            template: files.template,
            storage: storage(of: files),
            tokenizerConfiguration: files.tokenizerConfiguration
        )
    }

    /// bf16 where all weights are, else fp32, which holds everything.
    package static func storage(of files: ModelDirectory) -> Precision {
        files.weights.files.allSatisfy { $0.holdsOnly(.bfloat16) } ? .bf16 : .fp32
    }

    /// Reads everything of a directory but its weights, and sees that they have the names and shapes that config.json
    /// demands.
    ///
    /// It takes milliseconds where `load` takes as long as the disk. What it accepts can still fail to load: values
    /// that are infinite or NaN are found only by reading them.
    /// - Throws: as `load`.
    package static func inspect(_ directory: URL) throws -> ModelDirectory {
        let files = try ModelDirectory(directory)
        try WeightsReader(files.weights).check(files.configuration)
        return files
    }
}

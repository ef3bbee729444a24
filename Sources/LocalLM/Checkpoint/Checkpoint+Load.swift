import Foundation
import ModelFiles

extension Checkpoint {
    /// Reads a Hugging Face directory, or a GGUF file. Nothing in it is trusted.
    ///
    ///     let model = try Checkpoint.load(URL(fileURLWithPath: "models/SmolLM2-135M-Instruct"))
    ///     let ids = try model.promptIDs([Message(role: "user", content: "Hi")])
    ///
    /// - Throws: `LocalLMError` for whatever does not fit, with the file and the place in it.
    public static func load(_ url: URL, holding form: Form = .bySize) throws -> Checkpoint {
        try load(ModelDirectory(url), form)
    }

    /// How parameters are held in memory.
    public enum Form: Sendable {
        /// Large models in bf16 frozen (`FrozenWeights.leastParameters`), else single.
        case bySize
        /// In fp32.
        case single
        /// In bf16, mapped where they can be; those that are not bf16's alone in fp32.
        case frozen
    }

    /// Reads a GGUF file.
    /// - Parameter isExact: weights as the file has them. `load` rounds them to bf16, unless the file's are all F32:
    ///   what it was made from had no more, and so the model is the same as that of the directory which `import` makes.
    public static func load(gguf url: URL, isExact: Bool) throws -> Checkpoint {
        try load(ModelDirectory(gguf: url, isExact: isExact), .bySize)
    }

    private static func load(_ files: ModelDirectory, _ form: Form) throws -> Checkpoint {
        let reader = WeightsReader(files.weights), c = files.configuration
        let isFrozen =
            switch form {
            case .bySize: reader.prefersFrozen(c)
            case .single: false
            case .frozen: files.weights.holdsBFloat16
            }
        return Checkpoint(
            parameters: isFrozen ? try reader.readFrozen(c) : try reader.read(c),
            tokenizer: files.tokenizer,
            template: files.template,
            storage: storage(of: files),
            tokenizerConfiguration: files.tokenizerConfiguration,
            generationConfiguration: files.generationConfiguration
        )
    }

    /// bf16 where all weights are, else fp32, which holds everything.
    package static func storage(of files: ModelDirectory) -> Precision {
        files.weights.holdsBFloat16 ? .bf16 : .fp32
    }

    /// Reads everything of a model but its weights, and sees that they have the names and shapes that its configuration
    /// demands.
    ///
    /// It takes milliseconds where `load` takes as long as the disk. What it accepts can still fail to load: values
    /// that are infinite or NaN are found only by reading them.
    /// - Throws: as `load`.
    package static func inspect(_ url: URL) throws -> ModelDirectory {
        let files = try ModelDirectory(url)
        try WeightsReader(files.weights).check(files.configuration)
        return files
    }
}

import Foundation
import ModelFiles

extension Checkpoint {
    /// Reads a Hugging Face directory. Nothing in it is trusted: whatever does not fit throws, with the file and the place in it.
    public static func load(_ directory: URL) throws -> Checkpoint {
        let files = try ModelDirectory(directory)
        return Checkpoint(
            weights: try WeightsReader(files.weights).read(files.configuration),
            tokenizer: files.tokenizer,
            template: files.template,
            tokenizerConfiguration: files.tokenizerConfiguration
        )
    }
}

import ArgumentParser

/// `selfimprove model ...`: the model tools. JSON lines in, JSON lines out, in order.
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Use one model directly: tokenize, score, generate, train, merge, bench.",
        discussion: """
            Input is JSON lines on standard input, output JSON lines on standard output, in order.
            MODEL is a Hugging Face directory, a GGUF file, a digest of the lineage, or an alias such as \
            nursery/champion.
            """,
        subcommands: [
            ModelTokenize.self, ModelScore.self, ModelGenerate.self, ModelTrain.self, ModelMerge.self, ModelBench.self,
            ModelConstraints.self,
        ]
    )
}

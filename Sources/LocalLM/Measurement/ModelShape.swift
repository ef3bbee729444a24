import ModelFiles

/// A model without weights: what it takes of memory and time depends on its shape alone.
public enum ModelShape {
    public static let help =
        "hidden=,layers=,heads=,kvHeads=,ffn=,vocab= and tied=no where the output projection has weights of its own; or \(known.map(\.name).joined(separator: ", "))."

    /// Models that people use, and the positions they have.
    private static let known: [(name: String, shape: String, positions: Int)] = [
        ("135M", "hidden=576,layers=30,heads=9,kvHeads=3,ffn=1536,vocab=49152", 8192),
        ("360M", "hidden=960,layers=32,heads=15,kvHeads=5,ffn=2560,vocab=49152", 8192),
        ("1B", "hidden=2048,layers=16,heads=32,kvHeads=8,ffn=8192,vocab=128256", 131_072),
        ("8B", "hidden=4096,layers=32,heads=32,kvHeads=8,ffn=14336,vocab=128256,tied=no", 131_072),
        ("gemma-2-9b", "hidden=3584,layers=42,heads=16,kvHeads=8,headSize=256,ffn=14336,vocab=256000", 8192),
        ("mistral-7b", "hidden=4096,layers=32,heads=32,kvHeads=8,ffn=14336,vocab=32768,tied=no", 32_768),
    ]

    /// `hidden=576,layers=30,heads=9,kvHeads=3,ffn=1536,vocab=49152`, or the name of a known model.
    /// - Parameter positions: nil: those of the known model, or 8192.
    /// - Throws: `LocalLMError.input` that says what is wrong with the text.
    public static func configuration(_ text: String, positions: Int? = nil) throws -> ModelConfiguration {
        func error(_ message: String) -> LocalLMError { LocalLMError(.input, message, hint: help) }
        let model = known.first { $0.name == text }
        var values: [String: Int] = [:]
        var tied = true
        for part in (model?.shape ?? text).split(separator: ",") {
            let pair = part.split(separator: "=")
            if pair.count == 2, pair[0] == "tied", ["yes", "no"].contains(pair[1]) {
                tied = pair[1] == "yes"
                continue
            }
            guard pair.count == 2, let value = Int(pair[1]), (1...1 << 22).contains(value) else {
                throw error("\"\(part)\" is not key=number")
            }
            values[String(pair[0])] = value
        }
        let keys = ["hidden", "layers", "heads", "kvHeads", "headSize", "ffn", "vocab"]
        if let unknown = values.keys.sorted().first(where: { !keys.contains($0) }) {
            throw error("unknown key \"\(unknown)\"; keys are \(keys.joined(separator: ", ")), tied")
        }
        guard let hidden = values["hidden"], let layers = values["layers"], let heads = values["heads"],
            let ffn = values["ffn"], let vocab = values["vocab"]
        else { throw error("a shape needs hidden, layers, heads, ffn and vocab") }
        let kvHeads = values["kvHeads"] ?? heads
        guard values["headSize"] != nil || hidden % heads == 0, heads % kvHeads == 0,
            (values["headSize"] ?? hidden / heads) % 2 == 0
        else { throw error("heads must divide hidden into even head sizes, and kvHeads must divide heads") }
        return ModelConfiguration(
            hiddenSize: hidden,
            intermediateSize: ffn,
            layerCount: layers,
            headCount: heads,
            keyValueHeadCount: kvHeads,
            headDimension: values["headSize"],
            vocabularySize: vocab,
            maximumPositions: positions ?? model?.positions ?? 8192,
            tiesEmbeddings: tied
        )
    }
}

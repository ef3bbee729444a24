import ArgumentParser
import ModelFiles

/// `--shape`: a model without weights.
enum ModelShape {
    static let help =
        "hidden=,layers=,heads=,kvHeads=,ffn=,vocab= and tied=no where the output projection has weights of its own; or \(known.map(\.name).joined(separator: ", "))."

    /// Llama-like models that people use.
    private static let known = [
        (name: "135M", shape: "hidden=576,layers=30,heads=9,kvHeads=3,ffn=1536,vocab=49152"),
        (name: "360M", shape: "hidden=960,layers=32,heads=15,kvHeads=5,ffn=2560,vocab=49152"),
        (name: "1B", shape: "hidden=2048,layers=16,heads=32,kvHeads=8,ffn=8192,vocab=128256"),
        (name: "8B", shape: "hidden=4096,layers=32,heads=32,kvHeads=8,ffn=14336,vocab=128256,tied=no"),
    ]

    /// `hidden=576,layers=30,heads=9,kvHeads=3,ffn=1536,vocab=49152`, or the name of a known size.
    static func configuration(_ text: String, positions: Int) throws -> ModelConfiguration {
        let shape = known.first { $0.name == text }?.shape ?? text
        var values: [String: Int] = [:]
        var tied = true
        for part in shape.split(separator: ",") {
            let pair = part.split(separator: "=")
            if pair.count == 2, pair[0] == "tied", ["yes", "no"].contains(pair[1]) {
                tied = pair[1] == "yes"
                continue
            }
            guard pair.count == 2, let value = Int(pair[1]), (1...1 << 22).contains(value) else {
                throw ValidationError("--shape: \"\(part)\" is not key=number")
            }
            values[String(pair[0])] = value
        }
        let keys = ["hidden", "layers", "heads", "kvHeads", "ffn", "vocab"]
        if let unknown = values.keys.sorted().first(where: { !keys.contains($0) }) {
            throw ValidationError("--shape: unknown key \"\(unknown)\"; keys are \(keys.joined(separator: ", ")), tied")
        }
        guard let hidden = values["hidden"], let layers = values["layers"], let heads = values["heads"],
            let ffn = values["ffn"], let vocab = values["vocab"]
        else {
            throw ValidationError("--shape needs hidden, layers, heads, ffn and vocab")
        }
        let kvHeads = values["kvHeads"] ?? heads
        guard hidden % heads == 0, heads % kvHeads == 0, (hidden / heads) % 2 == 0 else {
            throw ValidationError(
                "--shape: heads must divide hidden into even head sizes, and kvHeads must divide heads"
            )
        }
        return ModelConfiguration(
            hiddenSize: hidden,
            intermediateSize: ffn,
            layerCount: layers,
            headCount: heads,
            keyValueHeadCount: kvHeads,
            vocabularySize: vocab,
            maximumPositions: positions,
            tiesEmbeddings: tied
        )
    }
}

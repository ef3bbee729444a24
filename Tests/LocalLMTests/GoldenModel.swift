import Foundation
import TestSupport
import Testing

@testable import LocalLM
@testable import ModelFiles

/// One of the models in `Golden`, whose weights are drawn as `Tests/Parity/make_golden.py` draws them.
struct GoldenModel {
    let folder: URL

    init(_ family: String) {
        folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(family)")
    }

    /// Loaded from files, as any other.
    func checkpoint() throws -> Checkpoint {
        try withTemporaryDirectory { temporary in
            let place = temporary.appendingPathComponent("model")
            try FileManager.default.copyItem(at: folder.appendingPathComponent("model"), to: place)
            let json = try #require(try FileReader.json(place.appendingPathComponent("config.json")))
            try WeightsWriter(
                weights(try HuggingFaceConfiguration.read(json, context: "config.json")),
                as: .fp32
            ).write(into: place)
            return try Checkpoint.load(place)
        }
    }

    private func weights(_ configuration: ModelConfiguration) -> Weights {
        let weights = Weights(configuration)
        for tensor in weights.layout.tensors {
            var random = RandomStream(key: RandomKey.derive(0, tensor.name))
            let isMatrix = tensor.shape.count > 1,
                center = tensor.role == .norm ? Double(1 - configuration.normOffset) : 0
            for i in 0..<tensor.count {
                weights.pointer(tensor)[i] = Float((random.uniform() - 0.5) * (isMatrix ? 0.5 : 1) + center)
            }
        }
        return weights
    }
}

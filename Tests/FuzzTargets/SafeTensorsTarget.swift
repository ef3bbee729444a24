import Foundation
import LocalLM
import ModelFiles

/// `model.safetensors`: what is accepted lies in the file whole, can be read whole, and becomes weights only as itself.
struct SafeTensorsTarget: FuzzTarget {
    static let name = "safetensors"

    /// The model whose weights most of the inputs nearly are.
    static let configuration = ModelConfiguration(
        hiddenSize: 4,
        intermediateSize: 4,
        layerCount: 1,
        headCount: 2,
        keyValueHeadCount: 1,
        vocabularySize: 6,
        maximumPositions: 8
    )

    private let url: URL
    private let file: InputFile
    private let seeds: [SafeTensorsImage]
    private let mutator = SafeTensorsMutator()

    init(folder: URL) throws {
        url = folder.appendingPathComponent("model.safetensors")
        file = try InputFile(url)
        let layout = WeightLayout(Self.configuration)
        seeds = [
            SafeTensorsImage(layout) { _ in "F32" },
            SafeTensorsImage(layout) { $0 % 2 == 0 ? "BF16" : "F16" },
            SafeTensorsImage([
                ("empty", "F32", [0, 3]), ("scalar", "F64", []), ("a", "I64", [2]), ("b", "BOOL", [3]),
                ("c", "U8", [1]), ("other empty", "I8", [5, 0]),
                ("é", "F16", [2, 1]),
            ]),
            SafeTensorsImage([], metadata: ["format": "pt", "note": "no tensors"]),
            SafeTensorsImage(layout) { _ in "BF16" },
        ]
    }

    func input(_ random: inout RandomStream) -> FuzzInput {
        [mutator.mutated(random.element(of: seeds), with: random.element(of: seeds), &random)]
    }

    func read(_ input: FuzzInput) throws {
        try file.write(input[0])
        let tensors = try SafeTensorsFile(url)
        var total = 0
        for (name, entry) in tensors.entries {
            try require(
                entry.range.lowerBound >= 8 && entry.range.upperBound <= input[0].count,
                "tensor \(name) lies outside of the file"
            )
            try require(
                entry.shape.reduce(entry.type.size, *) == entry.range.count,
                "tensor \(name) has \(entry.range.count) bytes for \(entry.shape)"
            )
            total += entry.range.count
            var bytes = [UInt8](repeating: 0, count: entry.range.count)
            try bytes.withUnsafeMutableBytes { try tensors.read(name, into: $0) }
            try require(bytes[...] == input[0][entry.range], "tensor \(name) is read as other bytes")
        }
        try require(total <= input[0].count - 8, "the tensors overlap")
        do {
            let weights = try WeightsReader(url.deletingLastPathComponent()).read(Self.configuration)
            try require(weights.buffer.values.allSatisfy(\.isFinite), "weights that are no numbers")
            let files = try WeightFiles(url.deletingLastPathComponent())
            if files.holdsBFloat16 {
                let frozen = try WeightsReader(files).readFrozen(Self.configuration).single()
                try require(frozen.buffer.values == weights.buffer.values, "frozen weights are other ones")
            }
        } catch is LocalLMError {
            // A file of tensors, not the model's.
        }
    }
}

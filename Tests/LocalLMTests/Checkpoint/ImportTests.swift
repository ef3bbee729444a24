import Crypto
import Foundation
import TestSupport
import Testing

@testable import FuzzTargets
@testable import LocalLM
@testable import ModelFiles

/// GGUF files as models: they become the model that they were made from.
@Suite struct ImportTests {
    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Golden/gguf")

    /// The tensors' names as llama.cpp's converter writes them.
    private func name(_ huggingFace: String, _ family: ModelFamily) -> String {
        let fixed = [
            "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
            "lm_head.weight": "output.weight",
        ]
        if let name = fixed[huggingFace] { return name }
        let modules = [
            "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
            "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
            "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
            "mlp.down_proj": "ffn_down",
            "post_attention_layernorm": family == .gemma2 ? "post_attention_norm" : "ffn_norm",
            "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
        ]
        let parts = huggingFace.split(separator: ".")
        return "blk.\(parts[2]).\(modules[parts[3...].dropLast().joined(separator: ".")]!).\(parts.last!)"
    }

    /// A model as the converter writes it: all F32.
    private func file(_ weights: Weights) -> GGUFImage {
        let c = weights.configuration, isLlama = c.family == .llama || c.family == .mistral
        let architecture = isLlama ? "llama" : c.family.rawValue
        func key(_ name: String) -> String { "\(architecture).\(name)" }
        let tokens = ["<unk>", "<s>", "</s>"] + (3..<c.vocabularySize).map { "t\($0)" }
        var metadata: [(key: String, value: GGUFImage.Value)] = [
            ("general.architecture", .text(architecture)),
            (key("context_length"), .number(UInt32(c.maximumPositions))),
            (key("embedding_length"), .number(UInt32(c.hiddenSize))),
            (key("block_count"), .number(UInt32(c.layerCount))),
            (key("feed_forward_length"), .number(UInt32(c.intermediateSize))),
            (key("attention.head_count"), .number(UInt32(c.headCount))),
            (key("attention.head_count_kv"), .number(UInt32(c.keyValueHeadCount))),
            (key("attention.key_length"), .number(UInt32(c.headDimension))),
            (key("attention.layer_norm_rms_epsilon"), .real(c.rmsNormEpsilon)),
            (key("rope.freq_base"), .real(c.ropeTheta)), ("tokenizer.ggml.model", .text("llama")),
            ("tokenizer.ggml.tokens", .texts(tokens)), ("tokenizer.ggml.scores", .reals(tokens.map { _ in 0 })),
            ("tokenizer.ggml.token_type", .integers(tokens.indices.map { $0 == 0 ? 2 : $0 < 3 ? 3 : 1 })),
            ("tokenizer.ggml.eos_token_id", .number(1)),
        ]
        if let window = c.slidingWindow { metadata.append((key("attention.sliding_window"), .number(UInt32(window)))) }
        if let cap = c.attentionSoftcap { metadata.append((key("attn_logit_softcapping"), .real(cap))) }
        if let cap = c.finalSoftcap { metadata.append((key("final_logit_softcapping"), .real(cap))) }
        var tensors = weights.layout.tensors.map { tensor in
            var values = Array(UnsafeBufferPointer(start: weights.pointer(tensor), count: tensor.count))
            if isLlama, tensor.name.hasSuffix("q_proj.weight") || tensor.name.hasSuffix("k_proj.weight") {
                values = permuted(values, rows: tensor.shape[0], head: c.headDimension)
            }
            if tensor.role == .norm { values = values.map { $0 + c.normOffset } }
            return GGUFImage.Tensor(
                name: name(tensor.name, c.family),
                type: 0,
                dimensions: tensor.shape.reversed().map(UInt64.init),
                data: values.flatMap { GGUFImage.little($0.bitPattern) }
            )
        }
        if let scaling = c.ropeScaling {
            let factors = RotaryFactors.llama3(scaling, theta: c.ropeTheta, head: c.headDimension)
            tensors.append(
                GGUFImage.Tensor(
                    name: "rope_freqs.weight",
                    type: 0,
                    dimensions: [UInt64(factors.count)],
                    data: factors.flatMap { GGUFImage.little($0.bitPattern) }
                )
            )
        }
        return GGUFImage(metadata: metadata, tensors: tensors)
    }

    /// Row s * D/2 + i of a head goes to 2 i + s.
    private func permuted(_ values: [Float], rows: Int, head: Int) -> [Float] {
        let width = values.count / rows
        return (0..<rows).flatMap { row -> ArraySlice<Float> in
            let place = row % head, source = row / head * head + place % 2 * (head / 2) + place / 2
            return values[source * width..<(source + 1) * width]
        }
    }

    /// The factors of `rope_freqs.weight`, as convert_hf_to_gguf.py computes them.
    private enum RotaryFactors {
        static func llama3(_ s: RopeScaling, theta: Float, head: Int) -> [Float] {
            (0..<head / 2).map { pair in
                let wavelength = 2 * Double.pi * pow(Double(theta), Double(2 * pair) / Double(head))
                let positions = Double(s.originalPositions)
                if wavelength < positions / Double(s.highFrequencyFactor) { return 1 }
                if wavelength > positions / Double(s.lowFrequencyFactor) { return s.factor }
                let low = Double(s.lowFrequencyFactor), high = Double(s.highFrequencyFactor)
                let smooth = (positions / wavelength - low) / (high - low)
                return Float(1 / ((1 - smooth) / Double(s.factor) + smooth))
            }
        }
    }

    @Test(arguments: ModelFamily.allCases) func aConvertedModelIsTheModelAgain(family: ModelFamily) throws {
        var configuration = TinyModels.configuration(family)
        if family == .llama {
            configuration.ropeTheta = 500_000
            configuration.ropeScaling = RopeScaling(
                factor: 32,
                lowFrequencyFactor: 1,
                highFrequencyFactor: 4,
                originalPositions: 8192
            )
            configuration.headDimension = 32
        }
        // What a GGUF file does not say: Gemma's is the width of a head.
        if family == .gemma2 { configuration.queryScalar = Float(configuration.headDimension) }
        let weights = TinyModels.weights(configuration, seed: 3)
        try withTemporaryDirectory { folder in
            let url = folder.appendingPathComponent("model.gguf")
            try Data(file(weights).bytes).write(to: url)
            let model = try Checkpoint.load(url)
            var expected = configuration
            expected.bosTokenID = model.configuration.bosTokenID
            #expect(model.configuration == expected)
            #expect(model.storage == .fp32, "F32 throughout")
            for tensor in weights.layout.tensors {
                let pairs = zip(
                    UnsafeBufferPointer(start: weights.pointer(tensor), count: tensor.count),
                    UnsafeBufferPointer(start: model.weights.pointer(tensor), count: tensor.count)
                )
                // Adding 1 and taking it away again costs the last bits.
                let limit: Float = tensor.role == .norm && family == .gemma2 ? 2e-7 : 0
                #expect(pairs.allSatisfy { abs($0 - $1) <= limit }, "\(tensor.name)")
            }
        }
    }

    @Test func otherFrequencyFactorsThanLlama3sAreRefused() throws {
        var configuration = TinyModels.configuration(.llama)
        configuration.ropeScaling = RopeScaling(
            factor: 8,
            lowFrequencyFactor: 1,
            highFrequencyFactor: 2,
            originalPositions: 300
        )
        try withTemporaryDirectory { folder in
            let url = folder.appendingPathComponent("model.gguf")
            try Data(file(TinyModels.weights(configuration, seed: 3)).bytes).write(to: url)
            #expect { try Checkpoint.inspect(url) } throws: {
                "\($0)".contains("rope_freqs.weight other than Llama 3's")
            }
        }
    }

    @Test func importAndLoadGiveTheWeightsOfThePackage() throws {
        let sums = try JSONDecoder().decode(
            [String: String].self,
            from: Data(contentsOf: Self.golden.appendingPathComponent("tiny.json"))
        )
        try withTemporaryDirectory { folder in
            let place = folder.appendingPathComponent("model"), wheel = folder.appendingPathComponent("wheel")
            let made = try Checkpoint.importFile(Self.golden.appendingPathComponent("tiny.gguf"), to: place)
            let unpacked = try Checkpoint.importFile(Self.golden.appendingPathComponent("tiny.whl"), to: wheel)
            #expect(made.precision == .bf16 && made == unpacked)
            #expect(try Checkpoint.digest(place) == made.digest)
            let file = try SafeTensorsFile(place.appendingPathComponent("model.safetensors"))
            #expect(Set(file.entries.keys) == Set(sums.keys))
            for (name, entry) in file.entries {
                var bytes = [UInt8](repeating: 0, count: entry.range.count)
                try bytes.withUnsafeMutableBytes { try file.read(name, into: $0) }
                #expect(SHA256.hash(data: bytes).hexadecimal == sums[name], "\(name)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["model", "wheel"])
        }
    }

    @Test func aFileIsTheModelOfItsDirectory() throws {
        try withTemporaryDirectory { folder in
            let place = folder.appendingPathComponent("model"), source = Self.golden.appendingPathComponent("tiny.gguf")
            let digest = try Checkpoint.importFile(source, to: place).digest
            let file = try Checkpoint.load(source), directory = try Checkpoint.load(place)
            #expect(file.configuration == directory.configuration && file.storage == directory.storage)
            #expect(file.weights.buffer.values.elementsEqual(directory.weights.buffer.values))
            #expect(file.tokenizer.json == directory.tokenizer.json && file.template == directory.template)
            for (index, model) in [file, directory].enumerated() {
                let copy = folder.appendingPathComponent("copy\(index)")
                #expect(try model.save(to: copy, as: model.storage) == digest)
            }
        }
    }

    @Test func exactImportKeepsEveryBit() throws {
        try withTemporaryDirectory { folder in
            let place = folder.appendingPathComponent("model"), source = Self.golden.appendingPathComponent("tiny.gguf")
            #expect(try Checkpoint.importFile(source, to: place, as: .fp32).precision == .fp32)
            let values = try Checkpoint.load(place).weights.buffer.values
            #expect(values.elementsEqual(try Checkpoint.load(gguf: source, isExact: true).weights.buffer.values))
            #expect(values.contains { $0.bitPattern & 0xFFFF != 0 })
        }
    }

    @Test func aDirectoryThatIsThereStays() throws {
        _ = try withTemporaryDirectory { folder in
            #expect {
                try Checkpoint.importFile(Self.golden.appendingPathComponent("tiny.gguf"), to: folder)
            } throws: {
                "\($0)".contains("is there already and is not overwritten")
            }
        }
    }

    @Test func errorsOfAnArchivesFileNameTheArchive() throws {
        try withTemporaryDirectory { folder in
            let archive = folder.appendingPathComponent("a.whl")
            try Data(ArchiveSeeds.all[3]).write(to: archive)
            #expect {
                try Checkpoint.importFile(archive, to: folder.appendingPathComponent("model"))
            } throws: {
                ($0 as? LocalLMError)?.context == "\(archive.path): model.gguf"
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.whl"])
        }
    }
}

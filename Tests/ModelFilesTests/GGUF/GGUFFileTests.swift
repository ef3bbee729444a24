import Foundation
import TestSupport
import Testing

@testable import FuzzTargets
@testable import ModelFiles

/// GGUF files: what their heads claim is believed only where it is so, and what this program does not know is refused
/// by its name.
@Suite struct GGUFFileTests {
    private func expectRefusal(
        _ image: GGUFImage,
        _ code: LocalLMError.Code,
        _ words: String,
        _ change: ([UInt8]) -> [UInt8] = { $0 },
        line: Int = #line
    ) throws {
        try withTemporaryDirectory { folder in
            let url = folder.appendingPathComponent("model.gguf")
            try Data(change(image.bytes)).write(to: url)
            #expect("line \(line)") {
                try ModelDirectory(url)
            } throws: { error in
                guard let error = error as? LocalLMError else { return false }
                let isRight =
                    error.code == code && error.message.contains(words)
                    && error.context?.contains("model.gguf") == true
                if !isRight { print("line \(line): \(error.code) \(error)") }
                return isRight
            }
        }
    }

    private let seed = GGUFSeeds.all()[0]

    private func with(_ key: String, _ value: GGUFImage.Value?) -> GGUFImage {
        var image = seed
        image.metadata.removeAll { $0.key == key }
        if let value { image.metadata.append((key, value)) }
        return image
    }

    @Test func whatIsNotKnownIsRefusedByName() throws {
        try expectRefusal(with("general.architecture", .text("mamba")), .unsupported, "architecture mamba")
        try expectRefusal(with("tokenizer.ggml.pre", .text("tekken")), .unsupported, "pre-tokenizer tekken")
        try expectRefusal(with("tokenizer.ggml.model", .text("bert")), .unsupported, "tokenizer bert")
        try expectRefusal(with("llama.expert_count", .number(8)), .unsupported, "8 experts")
        try expectRefusal(with("llama.rope.scaling.type", .text("yarn")), .unsupported, "RoPE scaling yarn")
        try expectRefusal(with("llama.rope.dimension_count", .number(8)), .unsupported, "RoPE on 8 of 16")
        try expectRefusal(with("llama.attention.value_length", .number(8)), .unsupported, "values of 8")
        try expectRefusal(with("llama.attention.scale", .real(0.1)), .unsupported, "llama.attention.scale")
        try expectRefusal(with("split.count", .number(3)), .unsupported, "a model in 3 files")
        try expectRefusal(
            with("llama.attention.head_count", .integers([2, 2])),
            .unsupported,
            "llama.attention.head_count of each layer"
        )
        var image = seed
        image.tensors[2].type = 23
        try expectRefusal(image, .unsupported, "the type IQ4_XS")
        image.tensors[2].type = 999
        try expectRefusal(image, .unsupported, "the type number 999")
        image = seed
        image.tensors[2].name = "blk.0.ssm_in.weight"
        try expectRefusal(image, .unsupported, "tensor blk.0.ssm_in.weight is none of a llama model")
        image.tensors[2].name = "blk.00.attn_q.weight"
        try expectRefusal(image, .unsupported, "tensor blk.00.attn_q.weight")
        for (version, words) in [(1, "version 1"), (4, "version 4"), (3 << 24, "big endian")] as [(UInt32, String)] {
            image = seed
            image.version = version
            try expectRefusal(image, .unsupported, words)
        }
    }

    @Test func falseClaimsAreRefused() throws {
        try expectRefusal(seed, .damaged, "is not a GGUF file") { ["X"].flatMap(\.utf8) + $0.dropFirst() }
        try expectRefusal(seed, .damaged, "the file ends at") { Array($0.dropLast(32)) }
        try expectRefusal(seed, .damaged, "is cut off") { Array($0.prefix(700)) }
        try expectRefusal(with("llama.block_count", nil), .damaged, "llama.block_count is missing")
        try expectRefusal(with("llama.block_count", .text("1")), .damaged, "llama.block_count is a text")
        try expectRefusal(with("tokenizer.ggml.eos_token_id", .number(9999)), .damaged, "eos_token_id is 9999")
        try expectRefusal(with("tokenizer.ggml.tokens", .texts(["a", "a"])), .damaged, "has ")
        try expectRefusal(with("general.alignment", .number(3)), .damaged, "general.alignment is 3")
        try expectRefusal(with("x", .other(type: 13, bytes: [])), .damaged, "unknown type 13")
        let nested = GGUFImage.little(UInt32(9)) + GGUFImage.little(UInt64(1))
        try expectRefusal(with("x", .other(type: 9, bytes: nested)), .unsupported, "array of arrays")
        let endless = GGUFImage.little(UInt32(8)) + GGUFImage.little(UInt64.max)
        try expectRefusal(with("x", .other(type: 9, bytes: endless)), .damaged, "the length of x is")
        var image = seed
        image.metadata.append(image.metadata[3])
        try expectRefusal(image, .damaged, "duplicate key")
        image = seed
        image.counts.tensors = 1 << 63
        try expectRefusal(image, .damaged, "the number of tensors")
        image = seed
        image.tensors.append(image.tensors[1])
        try expectRefusal(image, .damaged, "duplicate tensor")
        image = seed
        image.tensors[2].shift = -32
        try expectRefusal(image, .damaged, "inside of another tensor")
        image.tensors[2].shift = 8
        try expectRefusal(image, .damaged, "no multiple of 32")
        image.tensors[2] = seed.tensors[2]
        image.tensors[2].dimensions[0] = 31
        try expectRefusal(image, .damaged, "no multiple of the 32 of Q4_0")
        image.tensors[2].dimensions = [1 << 39, 1 << 39]
        try expectRefusal(image, .damaged, "its shape is too large")
    }

    @Test func tokenTypesMustCoverTheTokens() throws {
        try expectRefusal(with("tokenizer.ggml.token_type", .integers([1, 2])), .damaged, "has 2 of ")
        try expectRefusal(with("tokenizer.ggml.merges", .texts(["q z"])), .damaged, "merge 0 needs the token \"qz\"")
    }
}

import Foundation

/// The shape of a model in a GGUF file's metadata, said as config.json says it and read as that is.
///
/// What this program would compute differently is refused by name: other architectures, experts, ways of scaling RoPE.
enum GGUFConfiguration {
    private static let architectures: [String: ModelFamily] = [
        "llama": .llama, "qwen2": .qwen2, "qwen3": .qwen3, "gemma2": .gemma2,
    ]
    /// Multipliers of architectures that share a name with ours.
    private static let foreign = [
        "attention.scale", "attention.clamp_kqv", "logit_scale", "embedding_scale", "residual_scale",
    ]

    static func read(_ file: GGUFFile, _ ids: [JSONValue.Member]) throws -> ModelConfiguration {
        let metadata = file.metadata
        guard let architecture = try metadata.text("general.architecture") else {
            throw metadata.missing("general.architecture")
        }
        guard var family = architectures[architecture] else {
            throw metadata.unsupported(
                "architecture \(architecture.prefix(60))",
                "supported: \(architectures.keys.sorted().joined(separator: ", "))"
            )
        }
        func key(_ name: String) -> String { "\(architecture).\(name)" }
        func count(_ name: String) throws -> Int? { try metadata.count(key(name)) }
        func needed(_ name: String) throws -> Int {
            guard let value = try count(name) else { throw metadata.missing(key(name)) }
            return value
        }
        if let experts = try count("expert_count"), experts > 0 {
            throw metadata.unsupported("a mixture of \(experts) experts")
        }
        for name in foreign where try metadata.real(key(name)) ?? 0 != 0 { throw metadata.unsupported(key(name)) }

        let hidden = try needed("embedding_length"), heads = try needed("attention.head_count")
        guard heads > 0 else { throw metadata.damaged("\(key("attention.head_count")) is 0") }
        let headDimension = try count("attention.key_length") ?? hidden / heads
        let valueDimension = try count("attention.value_length") ?? headDimension
        guard valueDimension == headDimension else {
            throw metadata.unsupported("keys of \(headDimension) numbers and values of \(valueDimension)")
        }
        let turned = try count("rope.dimension_count") ?? headDimension
        guard turned == headDimension else {
            throw metadata.unsupported("RoPE on \(turned) of \(headDimension) numbers of a head")
        }
        guard let embedding = file.tensors["token_embd.weight"]?.shape, embedding.count == 2 else {
            throw metadata.damaged("tensor token_embd.weight is missing, or no matrix")
        }
        let layers = try needed("block_count")
        guard let epsilon = try metadata.real(key("attention.layer_norm_rms_epsilon")) else {
            throw metadata.missing(key("attention.layer_norm_rms_epsilon"))
        }
        let theta = try metadata.real(key("rope.freq_base")) ?? 10_000
        let window = try count("attention.sliding_window") ?? 0
        if family == .llama, window > 0 { family = .mistral }

        var members: [JSONValue.Member] = [
            .init("model_type", .string(family.rawValue)), .init("hidden_size", .integer(hidden)),
            .init("num_attention_heads", .integer(heads)),
            .init("num_key_value_heads", .integer(try count("attention.head_count_kv") ?? heads)),
            .init("head_dim", .integer(headDimension)), .init("num_hidden_layers", .integer(layers)),
            .init("intermediate_size", .integer(try needed("feed_forward_length"))),
            .init("max_position_embeddings", .integer(try needed("context_length"))),
            .init("rms_norm_eps", .real(epsilon)), .init("rope_theta", .real(theta)),
            .init("vocab_size", .integer(embedding[0])),
            .init("tie_word_embeddings", .bool(file.tensors["output.weight"] == nil)),
        ]
        switch family {
        case .mistral: members.append(.init("sliding_window", .integer(window)))
        case .gemma2:
            // llama.cpp's rule: the 27B model, known by its 46 layers, scales by the width of a head as it would be.
            members.append(.init("query_pre_attn_scalar", .integer(layers == 46 ? hidden / heads : headDimension)))
            members.append(.init("sliding_window", window > 0 ? .integer(window) : .integer(4096)))
            for (name, key) in [
                ("attn_logit_softcapping", key("attn_logit_softcapping")),
                ("final_logit_softcapping", key("final_logit_softcapping")),
            ] {
                if let cap = try metadata.real(key) { members.append(.init(name, .real(cap))) }
            }
        default: break
        }
        if let scaling = try ropeScaling(file, architecture, theta: theta, headDimension: headDimension) {
            members.append(.init("rope_scaling", scaling))
        }
        return try HuggingFaceConfiguration.read(.object(members + ids), context: file.reader.url.path)
    }
}

extension GGUFConfiguration {
    /// Llama 3.1 and its like: a GGUF file holds the factor of every frequency instead of what they were computed from.
    /// The same factors are computed from the values that Meta's models have, and must come out.
    private static func ropeScaling(_ file: GGUFFile, _ architecture: String, theta: Float, headDimension: Int) throws
        -> JSONValue?
    {
        let metadata = file.metadata
        let type = try metadata.text("\(architecture).rope.scaling.type") ?? "none"
        let linear = try metadata.real("\(architecture).rope.scale_linear") ?? 1
        let factor = try metadata.real("\(architecture).rope.scaling.factor") ?? 1
        guard type == "none" || (type == "linear" && factor == 1), linear == 1 else {
            throw metadata.unsupported("RoPE scaling \(type.prefix(60))", "supported: none, and Llama 3's")
        }
        guard let tensor = file.tensors[GGUFWeights.frequencies] else { return nil }
        guard tensor.count == headDimension / 2 else {
            throw metadata.damaged(
                "\(GGUFWeights.frequencies) has \(tensor.count) numbers for \(headDimension / 2) pairs"
            )
        }
        var factors = [Float](repeating: 0, count: tensor.count)
        try factors.withUnsafeMutableBufferPointer { try file.read(GGUFWeights.frequencies, into: $0) }
        if factors.allSatisfy({ $0 == 1 }) { return nil }
        let low: Float = 1, high: Float = 4, positions: Float = 8192, largest = factors.last ?? 1
        for (pair, found) in factors.enumerated() {
            let wavelength = 2 * Float.pi * pow(theta, Float(2 * pair) / Float(headDimension))
            let share = min(max((positions / wavelength - low) / (high - low), 0), 1)
            let expected = 1 / ((1 - share) / largest + share)
            guard largest > 1, abs(found - expected) <= 1e-3 * expected else {
                throw metadata.unsupported("\(GGUFWeights.frequencies) other than Llama 3's")
            }
        }
        return .object([
            .init("rope_type", .string("llama3")), .init("factor", .real(largest)),
            .init("low_freq_factor", .real(low)),
            .init("high_freq_factor", .real(high)),
            .init("original_max_position_embeddings", .integer(Int(positions))),
        ])
    }
}

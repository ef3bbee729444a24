import Foundation

/// `config.json` of the supported families, as transformers 4 and 5 write it, to and from `ModelConfiguration`.
///
/// What this program would compute differently is refused by name: other model types, activations, biases, ways of
/// scaling RoPE, quantized weights. Absent keys have the defaults of transformers' configuration classes.
package enum HuggingFaceConfiguration {
    private static let mostLayers = 1 << 12

    package static func read(_ json: JSONValue, context: String) throws -> ModelConfiguration {
        let fields = ConfigurationFields(json: json, context: context)
        guard json.members != nil else { throw fields.damaged("is \(json.kind), not an object") }
        guard let type = try fields.text("model_type") else { throw fields.damaged("model_type is missing") }
        guard let family = ModelFamily(rawValue: type) else {
            let supported = ModelFamily.allCases.map(\.rawValue).joined(separator: ", ")
            throw fields.unsupported("model type \(type.prefix(60))", "supported: \(supported)")
        }
        let definition = family.definition, defaults = definition.defaults
        let activation = try fields.text(defaults.activationKey) ?? defaults.activation.rawValue
        guard activation == defaults.activation.rawValue else {
            throw fields.unsupported(
                "activation \(activation.prefix(60))",
                "supported: \(defaults.activation.rawValue)"
            )
        }
        if let quantization = json["quantization_config"] {
            let method = quantization["quant_method"]?.string ?? quantization.kind
            throw fields.unsupported("quantization \(method.prefix(60))", "supported: F32, BF16 and F16 weights")
        }

        let hidden = try fields.dimension("hidden_size"), heads = try fields.dimension("num_attention_heads")
        let keyValueHeads = try fields.dimension("num_key_value_heads", default: defaults.keyValueHeads ?? heads)
        guard heads % keyValueHeads == 0 else {
            throw fields.damaged("\(heads) heads cannot share \(keyValueHeads) key-value heads evenly")
        }
        if json["head_dim"] == nil, defaults.headDimension == nil, hidden % heads != 0 {
            throw fields.damaged("hidden_size \(hidden) is not a multiple of \(heads) heads")
        }
        let headDimension = try fields.dimension("head_dim", default: defaults.headDimension ?? hidden / heads)
        guard headDimension % 2 == 0 else {
            throw fields.damaged("head_dim \(headDimension) is odd, rotary positions need pairs")
        }
        let layers = try fields.dimension("num_hidden_layers")
        guard layers <= mostLayers else { throw fields.damaged("num_hidden_layers \(layers) is beyond \(mostLayers)") }

        var configuration = ModelConfiguration(
            hiddenSize: hidden,
            intermediateSize: try fields.dimension("intermediate_size"),
            layerCount: layers,
            headCount: heads,
            keyValueHeadCount: keyValueHeads,
            headDimension: headDimension,
            vocabularySize: try fields.dimension("vocab_size"),
            maximumPositions: try fields.dimension("max_position_embeddings", default: defaults.positions),
            rmsNormEpsilon: Float(try fields.positive("rms_norm_eps") ?? 1e-6),
            tiesEmbeddings: try fields.flag("tie_word_embeddings") ?? defaults.tiesEmbeddings
        )
        configuration.family = family
        configuration.activation = defaults.activation
        try checkSize(configuration, fields)
        try readRope(fields, into: &configuration)
        try definition.read(fields, into: &configuration)
        let vocabulary = configuration.vocabularySize
        configuration.bosTokenID = try fields.tokenIDs("bos_token_id", below: vocabulary).first
        configuration.eosTokenIDs = try fields.tokenIDs("eos_token_id", below: vocabulary)
        configuration.padTokenID = try fields.tokenIDs("pad_token_id", below: vocabulary).first
        return configuration
    }

    /// Joins the end-of-sequence ids that generation_config.json adds.
    package static func joinGeneration(_ json: JSONValue, into configuration: inout ModelConfiguration, context: String)
        throws
    {
        for id in try ConfigurationFields(json: json, context: context).tokenIDs(
            "eos_token_id",
            below: configuration.vocabularySize
        )
        where !configuration.eosTokenIDs.contains(id) {
            configuration.eosTokenIDs.append(id)
        }
    }

    /// RoPE's theta and scaling, from `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling` (4).
    private static func readRope(_ fields: ConfigurationFields, into configuration: inout ModelConfiguration) throws {
        configuration.ropeTheta = Float(try fields.positive("rope_theta") ?? 10_000)
        for key in ["rope_scaling", "rope_parameters"] {
            guard let rope = try fields.nested(key) else { continue }
            if let part = try rope.positive("partial_rotary_factor"), part != 1 {
                throw rope.unsupported("partial_rotary_factor \(part)")
            }
            if let theta = try rope.positive("rope_theta") { configuration.ropeTheta = Float(theta) }
            switch try rope.text("rope_type") ?? rope.text("type") ?? "default" {
            case "default": configuration.ropeScaling = nil
            case "llama3":
                func number(_ key: String) throws -> Float {
                    guard let value = try rope.positive(key) else { throw rope.damaged("\(key) is missing") }
                    return Float(value)
                }
                configuration.ropeScaling = RopeScaling(
                    factor: try number("factor"),
                    lowFrequencyFactor: try number("low_freq_factor"),
                    highFrequencyFactor: try number("high_freq_factor"),
                    originalPositions: try rope.dimension(
                        "original_max_position_embeddings",
                        default: configuration.maximumPositions
                    )
                )
                guard configuration.ropeScaling!.highFrequencyFactor > configuration.ropeScaling!.lowFrequencyFactor
                else {
                    throw rope.damaged("high_freq_factor is not above low_freq_factor")
                }
            case let type: throw rope.unsupported("rope type \(type.prefix(60))", "supported: default, llama3")
            }
        }
    }

    /// Refuses shapes whose weights could not be counted, or addressed.
    private static func checkSize(_ c: ModelConfiguration, _ fields: ConfigurationFields) throws {
        func product(_ a: Int, _ b: Int, limit: Int = 1 << 40) throws -> Int {
            let (result, overflow) = a.multipliedReportingOverflow(by: b)
            guard !overflow, result <= limit else {
                throw fields.damaged("its dimensions multiply to more than this program can hold")
            }
            return result
        }
        let queries = try product(c.headCount, c.headDimension)
        let attention = try product(queries, c.hiddenSize), perceptron = try product(c.intermediateSize, c.hiddenSize)
        _ = try product(try product(attention, 4) + product(perceptron, 3), c.layerCount)
        _ = try product(try product(c.vocabularySize, c.hiddenSize), 2)
        // The table of rotary positions is made whole, eight bytes a pair.
        _ = try product(c.maximumPositions, c.headDimension, limit: 1 << 30)
    }

    // MARK: Writing

    /// `config.json` that transformers 4 and 5 both read: RoPE and the data type have their old and their new names.
    /// - Parameter weights: the type of their file, F32 or BF16.
    package static func write(_ c: ModelConfiguration, weights: SafeTensorsFile.ElementType = .float32) -> JSONValue {
        let dataType = JSONValue.string(weights == .bfloat16 ? "bfloat16" : "float32")
        func optional(_ id: Int?) -> JSONValue { id.map(JSONValue.integer) ?? .null }
        var scaling: [JSONValue.Member] = []
        if let s = c.ropeScaling {
            scaling = [
                .init("factor", .real(s.factor)), .init("high_freq_factor", .real(s.highFrequencyFactor)),
                .init("low_freq_factor", .real(s.lowFrequencyFactor)),
                .init("original_max_position_embeddings", .integer(s.originalPositions)),
            ]
        }
        let type = JSONValue.Member("rope_type", .string(c.ropeScaling == nil ? "default" : "llama3"))
        let common: [JSONValue.Member] = [
            .init("architectures", .array([.string(c.family.definition.architecture)])),
            .init("attention_dropout", .number("0.0")),
            .init("bos_token_id", optional(c.bosTokenID)),
            .init("dtype", dataType),
            .init("eos_token_id", endIDs(c)),
            .init("head_dim", .integer(c.headDimension)),
            .init("hidden_act", .string(c.activation.rawValue)),
            .init("hidden_size", .integer(c.hiddenSize)),
            .init("initializer_range", .number("0.02")),
            .init("intermediate_size", .integer(c.intermediateSize)),
            .init("max_position_embeddings", .integer(c.maximumPositions)),
            .init("model_type", .string(c.family.rawValue)),
            .init("num_attention_heads", .integer(c.headCount)),
            .init("num_hidden_layers", .integer(c.layerCount)),
            .init("num_key_value_heads", .integer(c.keyValueHeadCount)),
            .init("pad_token_id", optional(c.padTokenID)),
            .init("rms_norm_eps", .real(c.rmsNormEpsilon)),
            .init("rope_parameters", .object(scaling + [.init("rope_theta", .real(c.ropeTheta)), type])),
            .init("rope_scaling", scaling.isEmpty ? .null : .object(scaling + [type])),
            .init("rope_theta", .real(c.ropeTheta)),
            .init("tie_word_embeddings", .bool(c.tiesEmbeddings)),
            .init("torch_dtype", dataType),
            .init("use_cache", .bool(true)),
            .init("vocab_size", .integer(c.vocabularySize)),
        ]
        return JSONValue.object(common + c.family.definition.write(c)).sortedByKey()
    }

    /// - Parameter given: what the model came with: how it wants to be sampled, which is kept.
    package static func writeGeneration(_ c: ModelConfiguration, given: JSONValue?) -> JSONValue {
        var json = given ?? .object([.init("_from_model_config", .bool(true))])
        if let id = c.bosTokenID { json = json.setting("bos_token_id", .integer(id)) }
        if !c.eosTokenIDs.isEmpty { json = json.setting("eos_token_id", endIDs(c)) }
        if let id = c.padTokenID { json = json.setting("pad_token_id", .integer(id)) }
        return json.sortedByKey()
    }

    private static func endIDs(_ c: ModelConfiguration) -> JSONValue {
        switch c.eosTokenIDs.count {
        case 0: .null
        case 1: .integer(c.eosTokenIDs[0])
        default: .array(c.eosTokenIDs.map(JSONValue.integer))
        }
    }
}

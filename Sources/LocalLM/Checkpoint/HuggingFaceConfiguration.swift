import Foundation

/// `config.json` of the Llama family, as transformers 4 and 5 write it, to and from `ModelConfiguration`.
///
/// What this program would compute differently is refused by name: other model types, activations, biases, scaled RoPE,
/// quantized weights. Absent keys have the defaults of transformers' `LlamaConfig`.
enum HuggingFaceConfiguration {
    private static let largestDimension = 1 << 22
    private static let mostLayers = 1 << 12

    static func read(_ json: JSONValue, context: String) throws -> ModelConfiguration {
        let fields = Fields(json: json, context: context)
        guard json.members != nil else { throw fields.damaged("is \(json.kind), not an object") }
        guard let type = json["model_type"]?.string else { throw fields.damaged("model_type is missing") }
        guard type == "llama" else { throw fields.unsupported("model type \(type.prefix(60))", "supported: llama") }
        let activation = try fields.text("hidden_act") ?? "silu"
        guard activation == "silu" else { throw fields.unsupported("activation \(activation.prefix(60))", "supported: silu") }
        for key in ["attention_bias", "mlp_bias"] where try fields.flag(key) ?? false { throw fields.unsupported("\(key) true") }
        if let quantization = json["quantization_config"] {
            let method = quantization["quant_method"]?.string ?? quantization.kind
            throw fields.unsupported("quantization \(method.prefix(60))", "supported: F32, BF16 and F16 weights")
        }

        let hidden = try fields.dimension("hidden_size"), heads = try fields.dimension("num_attention_heads")
        let keyValueHeads = try fields.dimension("num_key_value_heads", default: heads)
        guard heads % keyValueHeads == 0 else { throw fields.damaged("\(heads) heads cannot share \(keyValueHeads) key-value heads evenly") }
        if json["head_dim"] == nil, hidden % heads != 0 { throw fields.damaged("hidden_size \(hidden) is not a multiple of \(heads) heads") }
        let headDimension = try fields.dimension("head_dim", default: hidden / heads)
        guard headDimension % 2 == 0 else { throw fields.damaged("head_dim \(headDimension) is odd, rotary positions need pairs") }
        let layers = try fields.dimension("num_hidden_layers")
        guard layers <= mostLayers else { throw fields.damaged("num_hidden_layers \(layers) is beyond \(mostLayers)") }
        let epsilon = try fields.positive("rms_norm_eps") ?? 1e-6
        let theta = try rope(fields)

        var configuration = ModelConfiguration(
            hiddenSize: hidden, intermediateSize: try fields.dimension("intermediate_size"), layerCount: layers, headCount: heads,
            keyValueHeadCount: keyValueHeads, headDimension: headDimension, vocabularySize: try fields.dimension("vocab_size"),
            maximumPositions: try fields.dimension("max_position_embeddings", default: 2048), rmsNormEpsilon: Float(epsilon),
            ropeTheta: Float(theta), tiesEmbeddings: try fields.flag("tie_word_embeddings") ?? false)
        try fields.checkSize(configuration)
        let vocabulary = configuration.vocabularySize
        configuration.bosTokenID = try fields.tokenIDs("bos_token_id", below: vocabulary).first
        configuration.eosTokenIDs = try fields.tokenIDs("eos_token_id", below: vocabulary)
        configuration.padTokenID = try fields.tokenIDs("pad_token_id", below: vocabulary).first
        return configuration
    }

    /// Joins the end-of-sequence ids that generation_config.json adds.
    static func joinGeneration(_ json: JSONValue, into configuration: inout ModelConfiguration, context: String) throws {
        for id in try Fields(json: json, context: context).tokenIDs("eos_token_id", below: configuration.vocabularySize)
        where !configuration.eosTokenIDs.contains(id) {
            configuration.eosTokenIDs.append(id)
        }
    }

    /// RoPE's theta, from `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling` (4).
    private static func rope(_ fields: Fields) throws -> Double {
        var theta = try fields.positive("rope_theta") ?? 10_000
        for key in ["rope_scaling", "rope_parameters"] {
            guard let value = fields.json[key] else { continue }
            guard value.members != nil else { throw fields.damaged("\(key) is \(value.kind), not an object") }
            let nested = Fields(json: value, context: "\(fields.context): \(key)")
            let type = try nested.text("rope_type") ?? nested.text("type") ?? "default"
            guard type == "default" else { throw fields.unsupported("rope type \(type.prefix(60))", "supported: default") }
            if let part = try nested.positive("partial_rotary_factor"), part != 1 { throw fields.unsupported("partial_rotary_factor \(part)") }
            theta = try nested.positive("rope_theta") ?? theta
        }
        return theta
    }

    /// `config.json` that transformers 4 and 5 both read: RoPE and the data type stand under their old and new names.
    static func write(_ c: ModelConfiguration) -> JSONValue {
        func optional(_ id: Int?) -> JSONValue { id.map(JSONValue.integer) ?? .null }
        return JSONValue.object([
            .init("architectures", .array([.string("LlamaForCausalLM")])),
            .init("attention_bias", .bool(false)),
            .init("attention_dropout", .number("0.0")),
            .init("bos_token_id", optional(c.bosTokenID)),
            .init("dtype", .string("float32")),
            .init("eos_token_id", endIDs(c)),
            .init("head_dim", .integer(c.headDimension)),
            .init("hidden_act", .string("silu")),
            .init("hidden_size", .integer(c.hiddenSize)),
            .init("initializer_range", .number("0.02")),
            .init("intermediate_size", .integer(c.intermediateSize)),
            .init("max_position_embeddings", .integer(c.maximumPositions)),
            .init("mlp_bias", .bool(false)),
            .init("model_type", .string("llama")),
            .init("num_attention_heads", .integer(c.headCount)),
            .init("num_hidden_layers", .integer(c.layerCount)),
            .init("num_key_value_heads", .integer(c.keyValueHeadCount)),
            .init("pad_token_id", optional(c.padTokenID)),
            .init("pretraining_tp", .integer(1)),
            .init("rms_norm_eps", .real(c.rmsNormEpsilon)),
            .init("rope_parameters", .object([.init("rope_theta", .real(c.ropeTheta)), .init("rope_type", .string("default"))])),
            .init("rope_scaling", .null),
            .init("rope_theta", .real(c.ropeTheta)),
            .init("tie_word_embeddings", .bool(c.tiesEmbeddings)),
            .init("torch_dtype", .string("float32")),
            .init("use_cache", .bool(true)),
            .init("vocab_size", .integer(c.vocabularySize)),
        ])
    }

    static func writeGeneration(_ c: ModelConfiguration) -> JSONValue {
        var members: [JSONValue.Member] = [.init("_from_model_config", .bool(true))]
        if let id = c.bosTokenID { members.append(.init("bos_token_id", .integer(id))) }
        if !c.eosTokenIDs.isEmpty { members.append(.init("eos_token_id", endIDs(c))) }
        if let id = c.padTokenID { members.append(.init("pad_token_id", .integer(id))) }
        return .object(members)
    }

    private static func endIDs(_ c: ModelConfiguration) -> JSONValue {
        switch c.eosTokenIDs.count {
        case 0: .null
        case 1: .integer(c.eosTokenIDs[0])
        default: .array(c.eosTokenIDs.map(JSONValue.integer))
        }
    }

    /// Typed access to the members of one object, with errors that name them.
    private struct Fields {
        let json: JSONValue
        let context: String

        func damaged(_ what: String) -> LocalLMError { LocalLMError(.damaged, what, context: context) }
        func unsupported(_ what: String, _ hint: String? = nil) -> LocalLMError {
            LocalLMError(.unsupported, "\(what) is not supported", context: context, hint: hint)
        }

        func text(_ key: String) throws -> String? {
            guard let value = json[key] else { return nil }
            guard let text = value.string else { throw damaged("\(key) is \(value.kind), not a string") }
            return text
        }

        func flag(_ key: String) throws -> Bool? {
            guard let value = json[key] else { return nil }
            guard let flag = value.bool else { throw damaged("\(key) is \(value.kind), not true or false") }
            return flag
        }

        func dimension(_ key: String, default standard: Int? = nil) throws -> Int {
            guard let value = json[key] else {
                guard let standard else { throw damaged("\(key) is missing") }
                return standard
            }
            guard let size = value.integer, size > 0, size <= largestDimension else {
                throw damaged("\(key) is \(value.kind), not a whole number from 1 to \(largestDimension)")
            }
            return size
        }

        func positive(_ key: String) throws -> Double? {
            guard let value = json[key] else { return nil }
            guard let number = value.real, number > 0, Float(number).isNormal else {
                throw damaged("\(key) is \(value.kind), not a positive number")
            }
            return number
        }

        /// One id, a list of them, or none; -1 stands for none in some old files.
        func tokenIDs(_ key: String, below limit: Int) throws -> [Int] {
            guard let value = json[key] else { return [] }
            var ids: [Int] = []
            for entry in value.array ?? [value] {
                if entry.integer == -1 { continue }
                guard let id = entry.integer, id >= 0, id < limit else {
                    throw damaged("\(key) holds \(entry.kind), not an id below the \(limit) of the vocabulary")
                }
                if !ids.contains(id) { ids.append(id) }
            }
            return ids
        }

        /// Refuses shapes whose weights could not be counted, or addressed.
        func checkSize(_ c: ModelConfiguration) throws {
            func product(_ a: Int, _ b: Int) throws -> Int {
                let (result, overflow) = a.multipliedReportingOverflow(by: b)
                guard !overflow, result <= 1 << 40 else { throw damaged("its dimensions multiply to more than this program can hold") }
                return result
            }
            let queries = try product(c.headCount, c.headDimension)
            let attention = try product(queries, c.hiddenSize), perceptron = try product(c.intermediateSize, c.hiddenSize)
            _ = try product(try product(attention, 4) + product(perceptron, 3), c.layerCount)
            _ = try product(try product(c.vocabularySize, c.hiddenSize), 2)
        }
    }
}

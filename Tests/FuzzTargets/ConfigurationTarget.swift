import Foundation
import LocalLM
import ModelFiles

/// `config.json` and `generation_config.json`: what is accepted can be counted, and says the same when it is written
/// and read again.
struct ConfigurationTarget: FuzzTarget {
    static let name = "config"

    private let seeds: [JSONValue]
    private let generation: JSONValue
    private let json: JSONMutator
    private let bytes: Mutator

    init(folder: URL) throws {
        func config(_ type: String, _ more: String) throws -> JSONValue {
            let common =
                #""model_type":"\#(type)","hidden_size":64,"intermediate_size":96,"num_attention_heads":4,"num_hidden_layers":4,"vocab_size":300,"#
                + #""max_position_embeddings":512,"rms_norm_eps":1e-05,"bos_token_id":1,"eos_token_id":2,"pad_token_id":null"#
            return try JSONParser.parse("{\(common)\(more)}".utf8, context: type)
        }
        seeds = [
            try config(
                "llama",
                #","num_key_value_heads":2,"head_dim":16,"hidden_act":"silu","attention_bias":false,"mlp_bias":false,"rope_theta":500000.0,"#
                    + #""rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,"rope_type":"llama3"},"#
                    + #""tie_word_embeddings":true,"torch_dtype":"bfloat16""#
            ),
            try config(
                "llama",
                #","rope_parameters":{"rope_theta":10000.0,"rope_type":"default"},"architectures":["LlamaForCausalLM"]"#
            ),
            try config("mistral", #","num_key_value_heads":2,"sliding_window":4096"#),
            try config("mistral", #","num_key_value_heads":4,"sliding_window":null,"head_dim":32"#),
            try config(
                "qwen2",
                #","num_key_value_heads":2,"use_sliding_window":true,"max_window_layers":2,"sliding_window":128"#
            ),
            try config(
                "qwen3",
                #","num_key_value_heads":2,"head_dim":128,"use_sliding_window":false,"attention_bias":false"#
            ),
            try config(
                "gemma2",
                #","num_key_value_heads":2,"head_dim":32,"hidden_activation":"gelu_pytorch_tanh","query_pre_attn_scalar":224,"sliding_window":64,"#
                    + #""attn_logit_softcapping":50.0,"final_logit_softcapping":30.0,"#
                    + #""layer_types":["sliding_attention","full_attention","sliding_attention","full_attention"]"#
            ),
        ]
        generation = try JSONParser.parse(
            #"{"bos_token_id":1,"eos_token_id":[2,7,9],"pad_token_id":0,"temperature":0.7}"#.utf8,
            context: ""
        )
        let words =
            Set(seeds.flatMap { ($0.members ?? []).map(\.key) }).sorted() + [
                "llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma", "silu", "gelu_pytorch_tanh", "llama3",
                "default", "yarn", "linear", "type", "factor",
                "partial_rotary_factor", "full_attention", "sliding_attention", "quantization_config", "quant_method",
                "use_bidirectional_attention", "",
            ]
        json = JSONMutator(
            words: words,
            fragments: [
                .array([.integer(2), .integer(2), .integer(-1)]), .array((0..<300).map(JSONValue.integer)),
                .integer(4096), .integer(4097), .integer(1 << 22),
                .object([.init("quant_method", .string("gptq"))]),
                .object([.init("rope_type", .string("llama3")), .init("factor", .number("1e38"))]),
                .array([.string("full_attention"), .string("sliding_attention")]),
            ]
        )
        bytes = Mutator(words: words.map { "\"\($0)\":" } + ["null", "true", "-1", "{", "}", "[", "]"])
    }

    func input(_ random: inout RandomStream) -> FuzzInput {
        [
            mutated(random.element(of: seeds), &random),
            random.one(in: 4) ? mutated(generation, &random) : generation.bytes,
        ]
    }

    private func mutated(_ seed: JSONValue, _ random: inout RandomStream) -> [UInt8] {
        var value = seed
        if !random.one(in: 8) { json.mutate(&value, &random) }
        var text = value.bytes
        if random.one(in: 6) { bytes.mutate(&text, with: random.element(of: seeds).bytes, &random) }
        return text
    }

    func read(_ input: FuzzInput) throws {
        let json = try JSONParser.parse(input[0], context: "config.json")
        try require(
            try JSONParser.parse(json.bytes, context: "again").bytes == json.bytes,
            "JSON changes when it is written and read"
        )
        var configuration = try HuggingFaceConfiguration.read(json, context: "config.json")
        let generation = try JSONParser.parse(input[1], context: "generation_config.json")
        try HuggingFaceConfiguration.joinGeneration(generation, into: &configuration, context: "generation_config.json")

        let again = try HuggingFaceConfiguration.read(
            HuggingFaceConfiguration.write(configuration),
            context: "written again"
        )
        try require(again == configuration, "\(configuration) is written and read as \(again)")
        try require(
            configuration.headCount % configuration.keyValueHeadCount == 0,
            "heads do not share keys and values evenly"
        )
        try require(
            configuration.eosTokenIDs.allSatisfy { $0 >= 0 && $0 < configuration.vocabularySize },
            "an end beyond the vocabulary"
        )
        try require(
            configuration.slides.isEmpty || configuration.slides.count == configuration.layerCount,
            "\(configuration.slides.count) layers slide or not"
        )
        try countWeights(configuration)
    }

    /// What a layer has is counted on one layer, and multiplied where overflow shows.
    private func countWeights(_ configuration: ModelConfiguration) throws {
        var one = configuration, two = configuration
        one.layerCount = 1
        two.layerCount = 2
        let first = WeightLayout(one), layer = WeightLayout(two).count - first.count
        try require(first.count > 0 && layer > 0, "\(first.count) weights, \(layer) more in a layer")
        let (layers, overflow) = layer.multipliedReportingOverflow(by: configuration.layerCount - 1)
        try require(!overflow && layers + first.count < 1 << 44, "weights beyond counting")
        for tensor in first.tensors {
            try require(
                tensor.offset + tensor.count <= first.count && tensor.shape.allSatisfy { $0 > 0 },
                "tensor \(tensor.name) lies outside"
            )
        }
        guard configuration.layerCount <= 16 else { return }
        try require(WeightLayout(configuration).count == layers + first.count, "the layers are not alike")
    }
}

/// Gemma 2 (Gemma Team 2024). Unlike Llama: embeddings are scaled by the square root of their width; norms multiply
/// with 1 + weight and follow attention and feed-forward network too; the gate is GELU; scores and logits are capped by
/// a tanh; every second layer, from the first on, has a sliding window.
enum Gemma2: FamilyDefinition {
    static let architecture = "Gemma2ForCausalLM"
    static let defaults = FamilyDefaults(
        headDimension: 256,
        keyValueHeads: 4,
        positions: 8192,
        tiesEmbeddings: true,
        activationKey: "hidden_activation",
        activation: .geluTanh
    )

    static func read(_ fields: ConfigurationFields, into configuration: inout ModelConfiguration) throws {
        try fields.refuse(["attention_bias", "use_bidirectional_attention"])
        configuration.embeddingScale = Float(configuration.hiddenSize).squareRoot()
        configuration.normOffset = 1
        configuration.hasPostNorms = true
        configuration.queryScalar = Float(try fields.positive("query_pre_attn_scalar") ?? 256)
        configuration.attentionSoftcap = try fields.softcap("attn_logit_softcapping", absent: 50)
        configuration.finalSoftcap = try fields.softcap("final_logit_softcapping", absent: 30)
        configuration.slidingWindow = try fields.window(absent: 4096)
        let layers = configuration.layerCount
        configuration.slides = try fields.layerTypes(layers) ?? (0..<layers).map { $0 % 2 == 0 }
        if configuration.slidingWindow == nil, configuration.slides.contains(true) {
            throw fields.damaged("sliding_window is null, and layers slide")
        }
    }

    static func write(_ configuration: ModelConfiguration) -> [JSONValue.Member] {
        [
            .init("attention_bias", .bool(false)),
            .init("attn_logit_softcapping", configuration.attentionSoftcap.map(JSONValue.real) ?? .null),
            .init("final_logit_softcapping", configuration.finalSoftcap.map(JSONValue.real) ?? .null),
            .init("hidden_activation", .string(configuration.activation.rawValue)),
            .init("layer_types", .layerTypes(configuration)),
            .init("query_pre_attn_scalar", .scalar(configuration.queryScalar ?? Float(configuration.headDimension))),
            .init("sliding_window", configuration.slidingWindow.map(JSONValue.integer) ?? .null),
        ]
    }
}

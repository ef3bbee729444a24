/// The families of models that this program computes, by transformers' `model_type`.
public enum ModelFamily: String, Sendable, CaseIterable {
    case llama, mistral, qwen2, qwen3, gemma2

    var definition: any FamilyDefinition.Type {
        switch self {
        case .llama: Llama.self
        case .mistral: Mistral.self
        case .qwen2: Qwen2.self
        case .qwen3: Qwen3.self
        case .gemma2: Gemma2.self
        }
    }
}

/// How one family differs from Llama, and what config.json calls that. One family, one file, under `Families/`.
protocol FamilyDefinition {
    /// transformers' class, `LlamaForCausalLM`.
    static var architecture: String { get }
    /// What its configuration class takes where config.json is silent.
    static var defaults: FamilyDefaults { get }
    /// Reads the family's own keys. The common ones are in `configuration` already.
    static func read(_ fields: ConfigurationFields, into configuration: inout ModelConfiguration) throws
    /// The family's own keys, and common ones with other names.
    static func write(_ configuration: ModelConfiguration) -> [JSONValue.Member]
}

/// Defaults that differ between transformers' configuration classes.
struct FamilyDefaults {
    /// Nil: hidden_size / num_attention_heads.
    var headDimension: Int?
    /// Nil: as many as heads.
    var keyValueHeads: Int?
    var positions: Int
    var tiesEmbeddings = false
    /// What the feed-forward function is called.
    var activationKey = "hidden_act"
    var activation = ModelConfiguration.Activation.silu
}

/// Llama 2 and 3.x (Touvron et al. 2023; Grattafiori et al. 2024), SmolLM2, TinyLlama: the family that the others
/// differ from.
///
/// Rotary positions may be scaled as Llama 3.1 does (`RopeScaling`, read with the common keys). Biases are refused.
enum Llama: FamilyDefinition {
    static let architecture = "LlamaForCausalLM"
    static let defaults = FamilyDefaults(positions: 2048)

    static func read(_ fields: ConfigurationFields, into configuration: inout ModelConfiguration) throws {
        try fields.refuse(["attention_bias", "mlp_bias"])
    }

    static func write(_ configuration: ModelConfiguration) -> [JSONValue.Member] {
        [.init("attention_bias", .bool(false)), .init("mlp_bias", .bool(false)), .init("pretraining_tp", .integer(1))]
    }
}

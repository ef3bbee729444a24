/// Qwen3 (Yang et al. 2025): Llama whose queries and keys are normalised head by head, with a head dimension of its
/// own.
enum Qwen3: FamilyDefinition {
    static let architecture = "Qwen3ForCausalLM"
    static let defaults = FamilyDefaults(headDimension: 128, keyValueHeads: 32, positions: 32_768)

    static func read(_ fields: ConfigurationFields, into configuration: inout ModelConfiguration) throws {
        try fields.refuse(["attention_bias"])
        configuration.normalizesQueriesAndKeys = true
        try Qwen2.readWindow(fields, into: &configuration)
    }

    static func write(_ configuration: ModelConfiguration) -> [JSONValue.Member] {
        [.init("attention_bias", .bool(false))] + Qwen2.writeWindow(configuration)
    }
}

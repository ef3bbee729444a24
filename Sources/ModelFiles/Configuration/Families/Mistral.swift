/// Mistral 7B (Jiang et al. 2023): Llama with a sliding window in every layer, unless `sliding_window` is null.
enum Mistral: FamilyDefinition {
    static let architecture = "MistralForCausalLM"
    static let defaults = FamilyDefaults(keyValueHeads: 8, positions: 131_072)

    static func read(_ fields: ConfigurationFields, into configuration: inout ModelConfiguration) throws {
        configuration.slidingWindow = try fields.window(absent: 4096)
        if configuration.slidingWindow != nil {
            configuration.slides = [Bool](repeating: true, count: configuration.layerCount)
        }
    }

    static func write(_ configuration: ModelConfiguration) -> [JSONValue.Member] {
        [.init("sliding_window", configuration.slidingWindow.map(JSONValue.integer) ?? .null)]
    }
}

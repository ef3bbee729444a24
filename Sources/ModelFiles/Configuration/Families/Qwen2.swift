/// Qwen2 and Qwen2.5 (Yang et al. 2024): Llama with biases on q, k and v, and, where `use_sliding_window` says so, a
/// window in the layers from `max_window_layers` on.
enum Qwen2: FamilyDefinition {
    static let architecture = "Qwen2ForCausalLM"
    static let defaults = FamilyDefaults(keyValueHeads: 32, positions: 32_768)

    static func read(_ fields: ConfigurationFields, into configuration: inout ModelConfiguration) throws {
        configuration.hasQueryKeyValueBias = true
        try readWindow(fields, into: &configuration)
    }

    static func write(_ configuration: ModelConfiguration) -> [JSONValue.Member] { writeWindow(configuration) }

    static func readWindow(_ fields: ConfigurationFields, into configuration: inout ModelConfiguration) throws {
        guard try fields.flag("use_sliding_window") ?? false, let window = try fields.window(absent: 4096) else {
            return
        }
        let first = try fields.count("max_window_layers") ?? 28
        configuration.slidingWindow = window
        configuration.slides =
            try fields.layerTypes(configuration.layerCount) ?? (0..<configuration.layerCount).map { $0 >= first }
    }

    static func writeWindow(_ configuration: ModelConfiguration) -> [JSONValue.Member] {
        [
            .init("layer_types", .layerTypes(configuration)),
            .init("max_window_layers", .integer(configuration.slides.firstIndex(of: true) ?? configuration.layerCount)),
            .init("sliding_window", configuration.slidingWindow.map(JSONValue.integer) ?? .null),
            .init("use_sliding_window", .bool(configuration.slidingWindow != nil)),
        ]
    }
}

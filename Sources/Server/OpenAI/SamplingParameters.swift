import ModelFiles
import SelfImprove

/// The parameters that both endpoints share: those of OpenAI (API reference, "Create chat completion" and "Create
/// completion"), and `top_k`, `min_p` and `repetition_penalty` as the servers of vLLM and llama.cpp have them.
///
/// What is not supported is refused by name where it would change an answer (`unsupported`, and every name that is
/// unknown), and ignored where it would not (`harmless`).
struct SamplingParameters {
    var model: String
    var maxTokens: Int?
    var temperature: Double
    var topP: Double
    /// 0: all.
    var topK: Int
    var minP: Double
    var repetitionPenalty: Double
    var n: Int
    var stop: [String]
    var seed: UInt64?
    var stream: Bool
    var includesUsage: Bool

    init(_ fields: RequestFields) throws {
        model = try fields.requiredText("model")
        let newer = try fields.integer("max_completion_tokens", in: 0...1_000_000)
        let older = try fields.integer("max_tokens", in: 0...1_000_000)
        maxTokens = newer ?? older
        temperature = try fields.number("temperature", in: 0...2) ?? 1
        topP = try fields.number("top_p", in: 0...1) ?? 1
        topK = max(0, try fields.integer("top_k", in: -1...1_000_000) ?? 0)
        minP = try fields.number("min_p", in: 0...1) ?? 0
        repetitionPenalty = try fields.number("repetition_penalty", in: 0.01...100) ?? 1
        n = try fields.integer("n", in: 1...16) ?? 1
        seed = try fields.seed("seed")
        stream = try fields.flag("stream") ?? false
        let options = try fields.section("stream_options")
        includesUsage = try options?.flag("include_usage") ?? false
        try options?.finish(harmless: ["include_obfuscation"], unsupported: ["continuous_usage_stats": []])
        stop = try Self.stop(fields)
        guard stop.count <= 16 else {
            throw SelfImproveError(.input, "holds \(stop.count) texts", context: "stop", hint: "16 at most")
        }
        guard stop.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 256 }) else {
            throw SelfImproveError(.input, "holds a text that is empty or beyond 256 bytes", context: "stop")
        }
    }

    private static func stop(_ fields: RequestFields) throws -> [String] {
        switch fields.value("stop") {
        case nil: []
        case .string(let text)?: [text]
        case .array(let texts)?: try texts.map { try $0.string ?? fields.fail("stop") }
        default: try fields.fail("stop")
        }
    }

    /// For the client's own books, or for the speed of servers that have many users.
    static let harmless: Set<String> = [
        "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
        "prediction", "parallel_tool_calls",
    ]

    /// Of OpenAI, vLLM, llama.cpp and Ollama, with the values that change nothing.
    static let unsupported: [String: [JSONValue]] = {
        let off = [
            "presence_penalty", "frequency_penalty", "logit_bias", "tools", "functions", "suffix", "echo",
            "audio", "web_search_options", "reasoning_effort", "min_tokens", "ignore_eos", "stop_token_ids",
            "include_stop_str_in_output", "bad_words", "allowed_token_ids", "use_beam_search", "prompt_logprobs",
            "guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs", "grammar",
            "json_schema", "chat_template", "chat_template_kwargs", "continue_final_message", "add_special_tokens",
            "documents", "mirostat", "logits_processors", "truncate_prompt_tokens", "top_logprobs",
        ]
        let one = ["best_of", "length_penalty", "repeat_penalty", "typical_p", "tfs_z"]
        let yes = ["add_generation_prompt", "skip_special_tokens", "spaces_between_special_tokens"]
        return Dictionary(uniqueKeysWithValues: off.map { ($0, []) } + one.map { ($0, [.integer(1)]) })
            .merging(yes.map { ($0, [.bool(true)]) }) { $1 }
            .merging([
                "tool_choice": [.string("none"), .string("auto")], "function_call": [.string("none"), .string("auto")],
                "modalities": [.array([.string("text")])], "verbosity": [.string("medium")],
                "response_format": [.object([.init("type", .string("text"))])],
            ]) { $1 }
    }()
}

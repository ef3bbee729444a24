import Foundation
import LocalLM
import ModelFiles
import SelfImprove

/// What OpenAI's API takes (API reference, "Create chat completion" and "Create completion"), and what vLLM's and llama.cpp's servers take
/// beside it: `top_k`, `min_p`, `repetition_penalty`. Parameters that would change an answer and
/// are not supported are refused by name; those that would not are ignored.
struct SamplingParameters: Decodable {
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
    var seed: Int?
    var stream: Bool
    var includesUsage: Bool

    private enum CodingKeys: String, CodingKey {
        case model, temperature, n, stop, seed, stream, tools, functions, suffix, echo
        case maxTokens = "max_tokens"
        case maxCompletionTokens = "max_completion_tokens"
        case topP = "top_p"
        case topK = "top_k"
        case minP = "min_p"
        case repetitionPenalty = "repetition_penalty"
        case streamOptions = "stream_options"
        case presencePenalty = "presence_penalty"
        case frequencyPenalty = "frequency_penalty"
        case logitBias = "logit_bias"
        case responseFormat = "response_format"
    }

    private struct StreamOptions: Decodable {
        var include_usage: Bool?
    }

    private struct ResponseFormat: Decodable {
        var type: String
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        model = try container.decode(String.self, forKey: .model)
        func number<Value: Decodable & Comparable>(_ key: CodingKeys, _ range: ClosedRange<Value>) throws -> Value? {
            guard let value = try container.decodeIfPresent(Value.self, forKey: key) else { return nil }
            guard range.contains(value) else {
                throw SelfImproveError(
                    .input,
                    "is \(value)",
                    context: key.rawValue,
                    hint: "\(range.lowerBound) to \(range.upperBound)"
                )
            }
            return value
        }
        maxTokens = try number(.maxCompletionTokens, 0...1_000_000) ?? number(.maxTokens, 0...1_000_000)
        temperature = try number(.temperature, 0...2) ?? 1
        topP = try number(.topP, 0...1) ?? 1
        topK = max(0, try number(.topK, -1...1_000_000) ?? 0)
        minP = try number(.minP, 0...1) ?? 0
        repetitionPenalty = try number(.repetitionPenalty, 0.01...100) ?? 1
        n = try number(.n, 1...16) ?? 1
        seed = try container.decodeIfPresent(Int.self, forKey: .seed)
        stream = try container.decodeIfPresent(Bool.self, forKey: .stream) ?? false
        includesUsage =
            try container.decodeIfPresent(StreamOptions.self, forKey: .streamOptions)?.include_usage ?? false
        stop =
            try container.attempt([String].self, forKey: .stop) ?? container.decodeIfPresent(String.self, forKey: .stop)
            .map { [$0] } ?? []
        guard stop.count <= 4, stop.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 256 }) else {
            throw SelfImproveError(
                .input,
                "holds more than 4 texts, an empty one, or one beyond 256 bytes",
                context: "stop"
            )
        }
        for key in [CodingKeys.presencePenalty, .frequencyPenalty] {
            if let penalty = try container.decodeIfPresent(Double.self, forKey: key), penalty != 0 {
                throw Self.unsupported(key.rawValue)
            }
        }
        for key in [CodingKeys.tools, .functions] {
            if container.contains(key), try !container.decodeNil(forKey: key) { throw Self.unsupported(key.rawValue) }
        }
        if let bias = try container.decodeIfPresent([String: Double].self, forKey: .logitBias), !bias.isEmpty {
            throw Self.unsupported("logit_bias")
        }
        if let format = try container.decodeIfPresent(ResponseFormat.self, forKey: .responseFormat),
            format.type != "text"
        {
            throw Self.unsupported("response_format \(format.type.prefix(40))")
        }
        if try container.decodeIfPresent(Bool.self, forKey: .echo) ?? false { throw Self.unsupported("echo") }
        if let suffix = try container.decodeIfPresent(String.self, forKey: .suffix), !suffix.isEmpty {
            throw Self.unsupported("suffix")
        }
    }

    private static func unsupported(_ name: String) -> SelfImproveError {
        SelfImproveError(.input, "is not supported", context: name, hint: "leave it out")
    }
}

struct ChatCompletionRequest: Decodable {
    var parameters: SamplingParameters
    var messages: [Message]
    /// nil: no logprobs.
    var topLogprobs: Int?

    private enum CodingKeys: String, CodingKey {
        case messages, logprobs
        case topLogprobs = "top_logprobs"
    }

    private struct Turn: Decodable {
        var role: String
        var content: String

        private enum CodingKeys: CodingKey { case role, content }

        private struct Part: Decodable {
            var type: String
            var text: String?
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            role = try container.decode(String.self, forKey: .role)
            if let text = try container.attempt(String.self, forKey: .content) {
                content = text
            } else {
                content = try container.decode([Part].self, forKey: .content).map { part in
                    guard part.type == "text", let text = part.text else {
                        throw SelfImproveError(
                            .input,
                            "holds a part of type \"\(part.type.prefix(40))\"",
                            context: "messages",
                            hint: "only text is supported"
                        )
                    }
                    return text
                }.joined()
            }
        }
    }

    init(from decoder: any Decoder) throws {
        parameters = try SamplingParameters(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let turns = try container.decode([Turn].self, forKey: .messages)
        guard !turns.isEmpty else { throw SelfImproveError(.input, "is empty", context: "messages") }
        messages = turns.map { Message(role: $0.role == "developer" ? "system" : $0.role, content: $0.content) }
        let wants = try container.decodeIfPresent(Bool.self, forKey: .logprobs) ?? false
        let top = try container.decodeIfPresent(Int.self, forKey: .topLogprobs) ?? 0
        guard (0...20).contains(top) else {
            throw SelfImproveError(.input, "is \(top)", context: "top_logprobs", hint: "0 to 20")
        }
        topLogprobs = wants ? top : nil
    }
}

struct TextCompletionRequest: Decodable {
    enum Prompt {
        case text(String)
        case ids([Int])
    }

    var parameters: SamplingParameters
    var prompts: [Prompt]
    /// nil: no logprobs.
    var topLogprobs: Int?

    private enum CodingKeys: CodingKey { case prompt, logprobs }

    init(from decoder: any Decoder) throws {
        parameters = try SamplingParameters(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let text = try container.attempt(String.self, forKey: .prompt) {
            prompts = [.text(text)]
        } else if let texts = try container.attempt([String].self, forKey: .prompt) {
            prompts = texts.map { .text($0) }
        } else if let ids = try container.attempt([Int].self, forKey: .prompt) {
            prompts = [.ids(ids)]
        } else {
            prompts = try container.decode([[Int]].self, forKey: .prompt).map { .ids($0) }
        }
        guard (1...16).contains(prompts.count) else {
            throw SelfImproveError(.input, "holds \(prompts.count) prompts", context: "prompt", hint: "1 to 16")
        }
        topLogprobs = try container.decodeIfPresent(Int.self, forKey: .logprobs)
        guard (0...5).contains(topLogprobs ?? 0) else {
            throw SelfImproveError(.input, "is \(topLogprobs ?? 0)", context: "logprobs", hint: "0 to 5")
        }
        if parameters.maxTokens == nil { parameters.maxTokens = 16 }  // the default of this endpoint
    }
}

extension KeyedDecodingContainer {
    /// nil where the value is of another type: a reason to try the next one.
    fileprivate func attempt<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        do { return try decode(type, forKey: key) } catch is DecodingError { return nil }
    }
}

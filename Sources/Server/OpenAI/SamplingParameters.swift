import Foundation
import SelfImprove

/// The parameters that both endpoints share: those of OpenAI (API reference, "Create chat completion" and "Create
/// completion"), and `top_k`, `min_p` and `repetition_penalty` as the servers of vLLM and llama.cpp have them.
///
/// Unsupported parameters are refused by name where they would change an answer, and ignored where they would not.
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

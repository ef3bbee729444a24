import ModelFiles
import SelfImprove

/// The body of `POST /v1/completions`.
struct TextCompletionRequest {
    enum Prompt {
        case text(String)
        case ids([Int])
    }

    var parameters: SamplingParameters
    var prompts: [Prompt]
    /// How many of the likeliest tokens are reported with each token, 0 to 5; nil: no logprobs at all.
    var topLogprobs: Int?
    /// Whether the prompt stands before its answer.
    var echo: Bool

    init(_ fields: RequestFields) throws {
        parameters = try SamplingParameters(fields)
        prompts = try Self.prompts(fields)
        guard (1...16).contains(prompts.count) else {
            throw SelfImproveError(.input, "holds \(prompts.count) prompts", context: "prompt", hint: "1 to 16")
        }
        topLogprobs = try fields.integer("logprobs", in: 0...5)
        echo = try fields.flag("echo") ?? false
        if parameters.maxTokens == nil { parameters.maxTokens = 16 }  // the default of this endpoint
        var unsupported = SamplingParameters.unsupported
        unsupported["best_of"] = [.integer(parameters.n)]  // of so many all are told
        try fields.finish(harmless: SamplingParameters.harmless, unsupported: unsupported)
    }

    /// A text or its ids, or a list of either.
    private static func prompts(_ fields: RequestFields) throws -> [Prompt] {
        func prompt(_ value: JSONValue) throws -> Prompt {
            switch value {
            case .string(let text): .text(text)
            case .array(let ids): .ids(try ids.map { try $0.integer ?? fields.fail("prompt") })
            default: try fields.fail("prompt")
            }
        }
        let value = try fields.required("prompt")
        guard let list = value.array, !list.contains(where: { $0.integer != nil }) else { return [try prompt(value)] }
        return try list.map(prompt)
    }
}

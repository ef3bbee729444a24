import SelfImprove

/// The body of `POST /v1/completions`.
struct TextCompletionRequest: Decodable {
    enum Prompt {
        case text(String)
        case ids([Int])
    }

    var parameters: SamplingParameters
    var prompts: [Prompt]
    /// How many of the likeliest tokens are reported with each token, 0 to 5; nil: no logprobs at all.
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

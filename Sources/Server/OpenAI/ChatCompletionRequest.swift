import ModelFiles
import SelfImprove

/// The body of `POST /v1/chat/completions`.
struct ChatCompletionRequest: Decodable {
    var parameters: SamplingParameters
    var messages: [Message]
    /// How many of the likeliest tokens are reported with each token, 0 to 20; nil: no logprobs at all.
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

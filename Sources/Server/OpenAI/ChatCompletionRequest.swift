import ModelFiles
import SelfImprove

/// The body of `POST /v1/chat/completions`.
struct ChatCompletionRequest {
    var parameters: SamplingParameters
    var messages: [Message]
    /// How many of the likeliest tokens are reported with each token, 0 to 20; nil: no logprobs at all.
    var topLogprobs: Int?

    init(_ fields: RequestFields) throws {
        parameters = try SamplingParameters(fields)
        let turns: [JSONValue] = try fields.required("messages").array ?? fields.fail("messages")
        guard !turns.isEmpty else { throw SelfImproveError(.input, "is empty", context: "messages") }
        messages = try turns.enumerated().map { try Self.message($0.element, number: $0.offset + 1) }
        let wants = try fields.flag("logprobs") ?? false
        let top = try fields.integer("top_logprobs", in: 0...20) ?? 0
        guard wants || top == 0 else {
            throw SelfImproveError(.input, "needs \"logprobs\": true", context: "top_logprobs")
        }
        topLogprobs = wants ? top : nil
        try fields.finish(harmless: SamplingParameters.harmless, unsupported: SamplingParameters.unsupported)
    }

    private static func message(_ json: JSONValue, number: Int) throws -> Message {
        var message: Message
        do { message = try Message(json: json, place: "message \(number)", context: nil) } catch let error
            as LocalLMError
        {
            throw SelfImproveError(.input, error.message, context: "messages", hint: error.hint)
        }
        if message.role == "developer" { message.role = "system" }
        message.members = message.members.map { .init($0.key, $0.key == "tool_calls" ? readable($0.value) : $0.value) }
        return message
    }

    /// OpenAI writes the arguments of a call as JSON within a string; chat templates want what it says.
    private static func readable(_ calls: JSONValue) -> JSONValue {
        .array(
            (calls.array ?? []).map { call in
                guard let function = call["function"], case .string(let text)? = function["arguments"],
                    let arguments = try? JSONParser.parse(Array(text.utf8), context: "arguments")
                else { return call }
                return call.setting("function", function.setting("arguments", arguments))
            }
        )
    }
}

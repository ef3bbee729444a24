import ModelFiles

/// Why an answer of an endpoint is none. It is data: a campaign goes on.
enum ReplyFault: Error, Sendable, Equatable {
    /// Not JSON, or JSON that is something else.
    case garbage(String)
    case emptyChoices
    /// The reply is another model's than the one that was asked.
    case wrongModel(said: String)
    case refused(Refusal)

    struct Refusal: Sendable, Equatable {
        var status: Int
        var message: String
        var parameters: ParameterRefusal?
        /// The conversation does not fit.
        var isTooLong: Bool
        /// Nothing is left of what was paid for.
        var isUnpaid: Bool

        init(status: Int, _ error: EndpointErrorBody) {
            self.status = status
            message = error.message
            // Only these two are about what a request holds.
            parameters = status == 400 || status == 422 ? ParameterRefusal(error) : nil
            isUnpaid = error.code == "insufficient_quota" || error.code == "billing_hard_limit_reached"
            isTooLong = status == 413 || (400..<500).contains(status) && error.isAboutLength
        }
    }
}

/// Why an endpoint's model stopped.
public enum RemoteFinishReason: Sendable, Equatable {
    case stop
    case length
    case contentFilter
    case toolCalls
    /// What else it said.
    case other(String)

    /// As OpenAI spells it.
    var name: String {
        switch self {
        case .stop: "stop"
        case .length: "length"
        case .contentFilter: "content_filter"
        case .toolCalls: "tool_calls"
        case .other(let text): text
        }
    }

    init?(_ text: String?) {
        switch text {
        case nil, "": return nil
        case "stop", "eos_token", "end_turn", "stop_sequence": self = .stop
        case "length", "max_tokens": self = .length
        case "content_filter": self = .contentFilter
        case "tool_calls", "function_call": self = .toolCalls
        case .some(let other): self = .other(String(decoding: other.utf8.prefix(100), as: UTF8.self))
        }
    }
}

/// An answer of `POST /chat/completions`, or of `POST /completions`, read from any bytes.
struct ChatCompletionReply: Sendable, Equatable {
    var text: String
    /// Nil where it is not said.
    var finishReason: RemoteFinishReason?
    var usage: EndpointUsage?
    /// What the endpoint calls the model that answered.
    var model: String?
    /// Sum of the natural logprobs of all tokens; nil where they are not said.
    var logprob: Double?

    /// JSON values of a reply; each takes some hundred bytes of memory.
    private static let mostValues = 1 << 17

    static func read(_ reply: HTTPReply, to body: ChatCompletionBody) -> Result<ChatCompletionReply, ReplyFault> {
        guard body.prefix != nil else { return read(reply, asked: body.model) }
        return ReplyShell.read(reply, asked: body.model, mostValues: mostValues).flatMap { shell in
            guard let text = shell.choice["text"]?.string else { return .failure(.garbage("a choice without a text")) }
            let reason = RemoteFinishReason(shell.choice["finish_reason"]?.string)
            return .success(.init(text: text, finishReason: reason, usage: shell.usage, model: shell.model))
        }
    }

    static func read(_ reply: HTTPReply, asked: String) -> Result<ChatCompletionReply, ReplyFault> {
        ReplyShell.read(reply, asked: asked, mostValues: mostValues).flatMap { shell in
            guard let message = shell.choice["message"], message.members != nil else {
                return .failure(.garbage("a choice without a message"))
            }
            guard let text = text(of: message) else { return .failure(.garbage("a message whose content is not text")) }
            // A refusal that is marked as one is no answer, however it ended.
            let isRefusal = message["content"] == nil && message["refusal"]?.string != nil
            let reason = isRefusal ? .contentFilter : RemoteFinishReason(shell.choice["finish_reason"]?.string)
            return .success(
                .init(
                    text: text,
                    finishReason: reason,
                    usage: shell.usage,
                    model: shell.model,
                    logprob: logprob(of: shell.choice)
                )
            )
        }
    }

    private static func logprob(of choice: JSONValue) -> Double? {
        guard let tokens = choice["logprobs"]?["content"]?.array, !tokens.isEmpty else { return nil }
        let logprobs = tokens.compactMap { $0["logprob"]?.real }
        guard logprobs.count == tokens.count, logprobs.allSatisfy({ $0 <= 0 }) else { return nil }
        return logprobs.reduce(0, +)
    }

    /// A string, the parts of text of an array, or nothing, where what stands for it is a refusal or a call of a tool.
    private static func text(of message: JSONValue) -> String? {
        switch message["content"] {
        case .string(let text)?: return text
        case .array(let parts)?:
            var text = ""
            for part in parts {
                if let plain = part.string { text += plain; continue }
                guard part["type"]?.string ?? "text" == "text" else { continue }
                guard let plain = part["text"]?.string else { return nil }
                text += plain
            }
            return text
        case nil: return message["refusal"]?.string ?? ""
        default: return nil
        }
    }
}

/// What the replies of both kinds of completion have in common.
struct ReplyShell {
    var choice: JSONValue
    var usage: EndpointUsage?
    var model: String?

    static func read(_ reply: HTTPReply, asked: String, mostValues: Int) -> Result<ReplyShell, ReplyFault> {
        guard (200..<300).contains(reply.status) else {
            return .failure(.refused(.init(status: reply.status, EndpointErrorBody(reply.body))))
        }
        let json: JSONValue
        switch parsed(reply.body, mostValues: mostValues) {
        case .success(let value): json = value
        case .failure(let fault): return .failure(fault)
        }
        guard json.members != nil else { return .failure(.garbage("\(json.kind) in place of an object")) }
        guard let choices = json["choices"]?.array else {
            // Gateways answer 200 and put the status of what stands behind them into the error.
            guard let error = json["error"] else { return .failure(.garbage("a reply without choices")) }
            let code = error["code"]?.integer.flatMap { (400..<600).contains($0) ? $0 : nil }
            return .failure(.refused(.init(status: code ?? reply.status, EndpointErrorBody(json))))
        }
        let model = json["model"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        if let model, !ServedModelName.matches(asked: asked, said: model) {
            return .failure(.wrongModel(said: String(decoding: model.utf8.prefix(200), as: UTF8.self)))
        }
        guard let choice = choices.first(where: { $0["index"]?.integer == 0 }) ?? choices.first else {
            return .failure(.emptyChoices)
        }
        let name = model.map { String(decoding: $0.utf8.prefix(200), as: UTF8.self) }
        return .success(.init(choice: choice, usage: EndpointUsage(json["usage"]), model: name))
    }

    static func parsed(_ body: [UInt8], mostValues: Int) -> Result<JSONValue, ReplyFault> {
        do {
            return .success(try JSONParser.parse(body, context: "", maximumValues: mostValues))
        } catch let error as LocalLMError {
            return .failure(.garbage(error.message))
        } catch {
            return .failure(.garbage("not valid JSON"))
        }
    }
}

import Hummingbird
import LocalLM
import NIOCore
import SelfImprove

/// Writes a completion in OpenAI's shapes, whole or as a stream.
struct CompletionWriter: Sendable {
    enum Shape { case chat, text }

    private let completion: Completion
    private let shape: Shape
    private let id: String
    private let model: String
    private let created: Int
    private let tellsLogprobs: Bool

    init(_ completion: Completion, shape: Shape, id: String, model: String, created: Int, tellsLogprobs: Bool) {
        self.completion = completion
        self.shape = shape
        self.id = id
        self.model = model
        self.created = created
        self.tellsLogprobs = tellsLogprobs
    }

    private struct Answer: Encodable, Sendable {
        var id: String
        var object: String
        var created: Int
        var model: String
        var choices: [Choice]
        var usage: Usage?
    }

    private struct Usage: Encodable, Sendable {
        var prompt_tokens: Int
        var completion_tokens: Int
        var total_tokens: Int
    }

    private struct Choice: Encodable, Sendable {
        var index: Int
        var message: Turn?
        var delta: Turn?
        var text: String?
        var logprobs: Logprobs?
        var finish: FinishReason?

        private enum CodingKeys: CodingKey { case index, message, delta, text, logprobs, finish_reason }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(index, forKey: .index)
            try container.encodeIfPresent(message, forKey: .message)
            try container.encodeIfPresent(delta, forKey: .delta)
            try container.encodeIfPresent(text, forKey: .text)
            try container.encode(logprobs, forKey: .logprobs)  // null where none were requested
            try container.encode(finish?.rawValue, forKey: .finish_reason)
        }
    }

    private struct Turn: Encodable, Sendable {
        var role: String?
        var content: String?
    }

    /// `content` for chat; the parallel lists for text.
    private struct Logprobs: Encodable, Sendable {
        struct Token: Encodable, Sendable {
            var token: String
            var logprob: Float
            var bytes: [UInt8]
            var top_logprobs: [Token]?
        }
        var content: [Token]?
        var tokens: [String]?
        /// Null: of a prompt's first token, which follows nothing.
        var token_logprobs: [Float?]?
        var top_logprobs: [[String: Float]?]?
        /// Where each token begins in the text: so many characters (Unicode scalars) are before it.
        var text_offset: [Int]?
    }

    /// - Parameter offset: characters that the text had before, for the next tokens.
    private func logprobs(_ tokens: [GeneratedToken], offset: inout Int) -> Logprobs? {
        guard tellsLogprobs else { return nil }
        let tokenizer = completion.model.checkpoint.tokenizer
        if shape == .text {
            return Logprobs(
                tokens: tokens.map { Self.name(tokenizer.bytes(of: $0.id)) },
                token_logprobs: tokens.map { $0.logprob.isNaN ? nil : $0.logprob },
                top_logprobs: tokens.map {
                    if $0.logprob.isNaN { return nil }
                    let named = $0.top.map { (Self.name(tokenizer.bytes(of: $0.id)), $0.logprob) }
                    return Dictionary(named, uniquingKeysWith: { first, _ in first })
                },
                text_offset: tokens.map { token in
                    defer { offset += tokenizer.bytes(of: token.id).count { $0 & 0xC0 != 0x80 } }
                    return offset
                }
            )
        }
        func entry(_ id: Int, _ logprob: Float, _ top: [Logprobs.Token]? = nil) -> Logprobs.Token {
            let bytes = Array(tokenizer.bytes(of: id))
            let text = String(decoding: bytes, as: UTF8.self)
            return Logprobs.Token(token: text, logprob: logprob, bytes: bytes, top_logprobs: top)
        }
        return Logprobs(
            content: tokens.map { token in entry(token.id, token.logprob, token.top.map { entry($0.id, $0.logprob) }) }
        )
    }

    /// A token where only its text tells it from others: one that is a part of a character is spelt as OpenAI does.
    static func name(_ bytes: some Collection<UInt8>) -> String {
        String(validating: bytes, as: UTF8.self)
            ?? bytes.reduce(into: "bytes:") { $0 += String(format: "\\x%02x", $1) }
    }

    private func answer(_ object: String, _ choices: [Choice], usage: Usage? = nil) -> Answer {
        Answer(id: id, object: object, created: created, model: model, choices: choices, usage: usage)
    }

    private func usage(_ produced: Int) -> Usage {
        Usage(
            prompt_tokens: completion.promptTokens,
            completion_tokens: produced,
            total_tokens: completion.promptTokens + produced
        )
    }

    // MARK: Whole

    func whole() async throws -> some Encodable & Sendable {
        var texts = [String](repeating: "", count: completion.choices)
        var tokens = [[GeneratedToken]](repeating: [], count: completion.choices), produced = 0
        var finishes = [FinishReason?](repeating: nil, count: completion.choices)
        for try await update in completion.updates {
            texts[update.index] += update.text
            tokens[update.index] += update.tokens
            produced += update.isPrompt ? 0 : update.tokens.count
            finishes[update.index] = update.finish ?? finishes[update.index]
        }
        try Task.checkCancellation()
        let choices = texts.indices.map { index in
            var offset = 0
            return Choice(
                index: index,
                message: shape == .chat ? Turn(role: "assistant", content: texts[index]) : nil,
                text: shape == .text ? texts[index] : nil,
                logprobs: logprobs(tokens[index], offset: &offset),
                finish: finishes[index]
            )
        }
        return answer(
            shape == .chat ? "chat.completion" : "text_completion",
            choices,
            usage: usage(produced)
        )
    }

    // MARK: Stream

    /// - Parameter channel: the connection of the client that reads it.
    func stream(usage tellsUsage: Bool, to channel: any Channel) -> ResponseBody {
        ResponseBody { [self] writer in
            var writer = writer
            try await ClientPresence.watch(channel, onLeaving: completion.abandon) {
                try await write(to: &writer, usage: tellsUsage)
            }
            try await writer.finish(nil)
        }
    }

    private func write(to writer: inout any ResponseBodyWriter, usage tellsUsage: Bool) async throws {
        let object = shape == .chat ? "chat.completion.chunk" : "text_completion"
        if shape == .chat {
            for index in 0..<completion.choices {
                try await writer.write(
                    ServerSentEvent.json(
                        answer(object, [Choice(index: index, delta: Turn(role: "assistant", content: ""))])
                    )
                )
            }
        }
        var produced = 0, offsets = [Int](repeating: 0, count: completion.choices)
        for try await update in completion.updates {
            produced += update.isPrompt ? 0 : update.tokens.count
            let logprobs = update.tokens.isEmpty ? nil : logprobs(update.tokens, offset: &offsets[update.index])
            if !update.text.isEmpty || logprobs != nil {
                let choice = Choice(
                    index: update.index,
                    delta: shape == .chat ? Turn(content: update.text) : nil,
                    text: shape == .text ? update.text : nil,
                    logprobs: logprobs
                )
                try await writer.write(ServerSentEvent.json(answer(object, [choice])))
            }
            if let finish = update.finish {
                let choice = Choice(
                    index: update.index,
                    delta: shape == .chat ? Turn() : nil,
                    text: shape == .text ? "" : nil,
                    finish: finish
                )
                try await writer.write(ServerSentEvent.json(answer(object, [choice])))
            }
        }
        if tellsUsage { try await writer.write(ServerSentEvent.json(answer(object, [], usage: usage(produced)))) }
        try await writer.write(ServerSentEvent.text("[DONE]"))
    }
}

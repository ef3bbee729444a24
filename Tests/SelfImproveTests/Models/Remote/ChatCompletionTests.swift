import ModelFiles
import Testing

@testable import SelfImprove

@Suite struct ChatCompletionTests {
    @Test("a body has what was asked for, in one order, and nothing else")
    func body() {
        let messages = [
            Message(role: "user", content: "a\n\u{2028}\"b"),
            Message(role: "assistant", content: "", members: [.init("tool_calls", .array([.integer(1)]))]),
        ]
        var body = ChatCompletionBody(model: "m", messages: messages)
        let written =
            #"[{"role": "user", "content": "a\n\u2028\"b"}, {"role": "assistant", "content": "", "tool_calls": [1]}]"#
        #expect(body.json().text() == #"{"model": "m", "messages": \#(written)}"#)
        (body.stop, body.seed, body.topP, body.temperature, body.maximumTokens) = (["x"], 5 << 33, 0.9, 0, 16)
        let rest = #""max_tokens": 16, "temperature": 0.0, "top_p": 0.9, "seed": 5, "stop": ["x"]"#
        #expect(body.json().text() == #"{"model": "m", "messages": \#(written), \#(rest)}"#)
        body.seed = .max
        #expect(body.json().text().contains(#""seed": 2147483647,"#), "31 bits are what every server takes")
        #expect(body.json(hasWholeSeed: true).text().contains(#""seed": 18446744073709551615,"#))
    }

    private func read(_ body: String, status: Int = 200) -> Result<ChatCompletionReply, ReplyFault> {
        ChatCompletionReply.read(HTTPReply(status, body), asked: "m")
    }

    @Test("a reply gives text, reason, usage and model")
    func whole() throws {
        let reply = try read(chatReply("4")).get()
        #expect(
            reply
                == .init(text: "4", finishReason: .stop, usage: .init(promptTokens: 7, completionTokens: 3), model: "m")
        )
    }

    @Test(
        "content is a string, nothing, or parts of text",
        arguments: [
            (#"{"content": "a"}"#, "a"), (#"{"content": null}"#, ""), ("{}", ""), (#"{"content": []}"#, ""),
            (#"{"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"text": "b"}, "c"]}"#, "abc"),
            (#"{"content": null, "refusal": "I cannot"}"#, "I cannot"),
            (#"{"content": null, "tool_calls": [{"id": "1"}]}"#, ""),
        ]
    )
    func contents(_ message: String, _ text: String) throws {
        let reply = try read(#"{"choices": [{"message": \#(message)}]}"#).get()
        // What is marked as a refusal is none of the answers that end by themselves.
        let reason: RemoteFinishReason? = message.contains("refusal") ? .contentFilter : nil
        #expect(reply == .init(text: text, finishReason: reason, usage: nil, model: nil))
    }

    @Test(
        "reasons to stop are told apart",
        arguments: [
            ("stop", RemoteFinishReason.stop), ("length", .length), ("content_filter", .contentFilter),
            ("tool_calls", .toolCalls), ("abort", .other("abort")),
        ]
    )
    func reasons(_ word: String, _ reason: RemoteFinishReason) throws {
        #expect(try read(chatReply("x", finish: word)).get().finishReason == reason)
    }

    @Test(
        "what is no answer is a fault with a name",
        arguments: [
            ("", "garbage"), ("<html>", "garbage"), ("[]", "garbage"), ("{}", "garbage"),
            ("{\"choices\": 1}", "garbage"),
            (#"{"choices": [1]}"#, "garbage"), (#"{"choices": [{"message": {"content": 5}}]}"#, "garbage"),
            (#"{"choices": [{"message": {"content": [{"type": "text"}]}}]}"#, "garbage"),
            (#"{"choices": []}"#, "emptyChoices"), (chatReply("x", model: "other"), "wrongModel"),
            (#"{"error": {"message": "no", "code": 502}}"#, "refused"),
            (String(repeating: "[", count: 100_000), "garbage"),
            (#"{"choices": [{"message": {"content": "\ud800"}}]}"#, "garbage"),
        ]
    )
    func faults(_ body: String, _ kind: String) {
        guard case .failure(let fault) = read(body) else {
            Issue.record("accepted")
            return
        }
        #expect("\(fault)".hasPrefix(kind))
    }

    @Test(
        "a conversation that does not fit is told from other refusals",
        arguments: [
            (
                #"{"error": {"message": "This model's maximum context length is 2048 tokens", "code": "context_length_exceeded"}}"#,
                true
            ),
            (#"{"error": "the request exceeds the available context size"}"#, true),
            (#"{"error": "no such model"}"#, false),
        ]
    )
    func length(_ body: String, _ isTooLong: Bool) {
        guard case .failure(.refused(let refusal)) = read(body, status: 400) else {
            Issue.record("no refusal")
            return
        }
        #expect(refusal.isTooLong == isTooLong)
    }

    @Test("bytes that are not UTF-8 are garbage, in an answer and in an error")
    func invalidText() {
        let body = Array(#"{"choices": [{"message": {"content": ""#.utf8) + [0xFF, 0xFE] + Array(#""}}]}"#.utf8)
        guard case .failure(.garbage) = ChatCompletionReply.read(HTTPReply(status: 200, body: body), asked: "m") else {
            Issue.record("accepted")
            return
        }
        #expect(EndpointErrorBody([0xFF, 0x41]).message == "\u{FFFD}A")
    }
}

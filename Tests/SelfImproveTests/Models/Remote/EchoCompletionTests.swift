import Testing

@testable import SelfImprove

@Suite struct EchoCompletionTests {
    private let body = EchoCompletionBody(model: "m", prompt: "ab ", completion: "cd é")

    private func read(_ tokens: [String], _ logprobs: [String], text: String, offsets: [Int]? = nil)
        -> Result<EchoCompletionReply.Outcome, ReplyFault>
    {
        let quoted = tokens.map { "\"\($0)\"" }.joined(separator: ", ")
        let offset = offsets.map { ", \"text_offset\": \($0)" } ?? ""
        let json = """
            {"model": "m", "choices": [{"text": "\(text)", "logprobs": {"tokens": [\(quoted)], "token_logprobs": \
            [\(logprobs.joined(separator: ", "))]\(offset)}}]}
            """
        return EchoCompletionReply.read(HTTPReply(200, json), to: body).map(\.outcome)
    }

    @Test("the tokens that begin in the completion count: not the prompt's, and not what was generated")
    func counted() throws {
        let outcome = try read(["ab", " ", "cd", " é", "!"], ["null", "-1", "-2", "-0.5", "-9"], text: "ab cd é!").get()
        #expect(outcome == .measured(.init(logprob: -2.5, tokens: 2)))
    }

    @Test("the highest logprobs are those of the same places; one place without any, and none are known")
    func highest() throws {
        func outcome(_ top: String) throws -> EchoCompletionReply.Outcome {
            let json = """
                {"choices": [{"text": "ab cd é", "logprobs": {"tokens": ["ab", " ", "cd", " é"], "token_logprobs": \
                [null, -1, -2, -3], "top_logprobs": \(top)}}]}
                """
            return try EchoCompletionReply.read(HTTPReply(200, json), to: body).get().outcome
        }
        let whole = #"[null, {" ": -1}, {"x": -0.5, "cd": -2}, {" é": -3, "y": -0.25}]"#
        #expect(try outcome(whole) == .measured(.init(logprob: -5, tokens: 2, highest: -0.75)))
        for none in ["null", "[]", "[null, null, {}, {\"y\": -1}]", "[null, 1, 2, 3]", "{}"] {
            #expect(try outcome(none) == .measured(.init(logprob: -5, tokens: 2)), "\(none)")
        }
    }

    @Test("a token before the text that is not echoed shifts the places of the others")
    func beginning() throws {
        let tokens = ["<s>", "ab", " ", "cd", " é"], logprobs = ["null", "-4", "-1", "-2", "-0.5"]
        let outcome = try read(tokens, logprobs, text: "ab cd é", offsets: [0, 3, 5, 6, 8]).get()
        #expect(outcome == .measured(.init(logprob: -2.5, tokens: 2)))
    }

    @Test("pieces of characters are placed by the offsets that come with them")
    func pieces() throws {
        let tokens = ["ab ", "cd ", "\u{FFFD}", "\u{FFFD}"], logprobs = ["null", "-1", "-2", "-3"]
        let outcome = try read(tokens, logprobs, text: "ab cd é", offsets: [0, 3, 6, 6]).get()
        #expect(outcome == .measured(.init(logprob: -6, tokens: 3)))
        guard case .failure(.garbage) = read(tokens, logprobs, text: "ab cd é") else {
            Issue.record("placed without offsets")
            return
        }
    }

    @Test("a token over the boundary cannot be told apart")
    func boundary() throws {
        #expect(try read(["ab", " c", "d é"], ["null", "-1", "-2"], text: "ab cd é").get() == .boundaryInsideToken)
    }

    @Test("an endpoint that does not echo, or gives no logprobs, cannot score")
    func withoutEcho() throws {
        #expect(try read(["x"], ["-1"], text: "x").get() == .notEchoed)
        let json = #"{"choices": [{"text": "ab cd é", "logprobs": null}]}"#
        #expect(try EchoCompletionReply.read(HTTPReply(200, json), to: body).get().outcome == .notEchoed)
    }

    @Test("logprobs that are none are garbage", arguments: ["null", "1", "\"x\"", "1e999"])
    func badLogprobs(_ logprob: String) {
        guard case .failure(.garbage) = read(["ab ", "cd é"], ["null", logprob], text: "ab cd é") else {
            Issue.record("accepted \(logprob)")
            return
        }
    }
}

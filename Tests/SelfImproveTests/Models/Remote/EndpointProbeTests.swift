import ModelFiles
import Testing

@testable import SelfImprove

/// What `doctor` makes of endpoints, over a transport that says what a script tells it to.
@Suite struct EndpointProbeTests {
    private typealias Answer = @Sendable (_ body: JSONValue) -> String?

    /// - Parameters:
    ///   - chat: what is said to a conversation.
    ///   - text: the reply to `/completions`; nil: there is none.
    private func probe(chat: @escaping Answer = { _ in "hi" }, text: @escaping Answer = { _ in nil }) async throws
        -> EndpointProbe
    {
        let transport = ScriptedTransport { _, call in
            guard case .post(let bytes) = call.method, let body = try? JSONParser.parse(bytes, context: "body") else {
                return .success(HTTPReply(200, #"{"data": [{"id": "m", "max_model_len": 2048}]}"#))
            }
            let isChat = call.url.hasSuffix("/chat/completions")
            let reply = isChat ? chat(body).map { chatReply($0) } : text(body)
            return .success(reply.map { HTTPReply(200, $0) } ?? HTTPReply(404, "{}"))
        }
        let client = EndpointClient(
            try .test(),
            secret: nil,
            transport: transport,
            breaker: CircuitBreaker(threshold: 100),
            clock: VirtualClock().clock,
            key: 5
        )
        return await EndpointProbe.ask(client)
    }

    @Test("Seeds that are honoured, an endpoint that draws without them, and one that does not sample at all")
    func seeds() async throws {
        let seeded = try await probe { "seed \($0["seed"]?.integer ?? 0)" }
        #expect(seeded.honoursSeed == true && seeded.samples == true)
        #expect(!seeded.fallsAway.contains { $0.contains("seed") || $0.contains("temperature") })
        let count = Shared(0)
        let drawing = try await probe { _ in
            count.change { $0 += 1 }
            return "answer \(count.value)"
        }
        #expect(drawing.honoursSeed == false && drawing.samples == true)
        #expect(drawing.fallsAway.contains { $0.hasPrefix("no seed") })
        let greedy = try await probe()
        #expect(greedy.honoursSeed == nil && greedy.samples == false)
        #expect(greedy.fallsAway.contains { $0.contains("changes nothing") && $0.contains("do_sample") })
        #expect(!greedy.fallsAway.contains { $0.hasPrefix("no seed") })
    }

    @Test("A small model that says the same to two seeds by chance still samples")
    func chance() async throws {
        let small = try await probe { ($0["seed"]?.integer ?? 0) < 3 ? "one" : "two" }
        #expect(small.honoursSeed == true && small.samples == true)
    }

    /// A server whose model goes on from "Hello" with " there you"; its echo has these logprobs of the two tokens.
    private func echo(_ logprobs: [Double], highest: [Double]) async throws -> EndpointProbe {
        try await probe(text: { body in
            guard body["echo"]?.bool == true else {
                return #"{"model": "m", "choices": [{"text": " there you", "finish_reason": "length"}]}"#
            }
            guard body["prompt"]?.string == "Hello there you" else { return nil }
            return """
                {"model": "m", "choices": [{"text": "Hello there you!", "logprobs": {"tokens": ["Hello", " there", \
                " you", "!"], "token_logprobs": [null, \(logprobs[0]), \(logprobs[1]), -0.1], "top_logprobs": [null, \
                {"a": \(highest[0])}, {"b": \(highest[1])}, {"!": -0.1}]}}]}
                """
        })
    }

    @Test("An echo is believed that finds likely what the endpoint wrote itself, and not one that is a token off")
    func echoes() async throws {
        let right = try await echo([-1.5, -0.5], highest: [-1.5, -0.25])
        #expect(right.echoes == true && right.echoesInPlace == true && right.continuesTexts == true)
        #expect(!right.fallsAway.contains { $0.contains("echo") })
        let shifted = try await echo([-9, -12.5], highest: [-0.5, -1])
        #expect(shifted.echoes == true && shifted.echoesInPlace == false)
        #expect(shifted.fallsAway.contains { $0.hasPrefix("its echo takes the logprobs of other places") })
        let none = try await probe()
        #expect(none.echoes == false && none.echoesInPlace == nil && none.continuesTexts == false)
    }
}

import LocalLM
import ModelFiles
import Testing

@testable import SelfImprove

/// In virtual time, over a transport that says what a script tells it to.
@Suite struct EndpointClientTests {
    private let time = VirtualClock()

    private func client(
        _ transport: ScriptedTransport,
        settings: EndpointSettings? = nil,
        secret: Secret? = nil,
        breaker: CircuitBreaker = CircuitBreaker(threshold: 100)
    ) throws -> EndpointClient {
        EndpointClient(
            try settings ?? .test(),
            secret: secret,
            transport: transport,
            breaker: breaker,
            clock: time.clock,
            key: 5
        )
    }

    private func failure(_ result: Result<CompletedCall, CallFailure>) -> CallFailure? {
        if case .failure(let failure) = result { return failure }
        return nil
    }

    @Test("a call that is answered is told with its usage, its model and its tries")
    func answered() async throws {
        let transport = ScriptedTransport { _, _ in .success(HTTPReply(200, chatReply("4"))) }
        let client = try client(transport)
        let call = try await client.complete(question).get()
        #expect(call.text == "4" && call.finishReason == .stop && call.tries == 1 && call.status == 200)
        #expect(call.model == "m" && call.leftOut.isEmpty && !call.keyEchoed)
        #expect(transport.sent.map(\.url) == ["http://127.0.0.1:9/v1/chat/completions"])
        #expect(client.figures.done == 1 && client.figures.inFlight == 0 && client.figures.retries == 0)
        #expect(client.figures.usage == EndpointUsage(promptTokens: 7, completionTokens: 3))
        #expect(client.figures.bytesSent == transport.bodies[0].utf8.count)
    }

    @Test("everything that may pass is tried again, and the answer that comes in the end counts")
    func retried() async throws {
        let faults: [Result<HTTPReply, HTTPFailure>] = [
            .success(HTTPReply(429, "", [.init("Retry-After", "20")])), .success(HTTPReply(503, "busy")),
            .failure(.unreachable("x")), .failure(.cut("x")), .failure(.timedOut(.stall)),
            .success(HTTPReply(200, "<html>")), .success(HTTPReply(200, chatReply("x", model: "other"))),
        ]
        let transport = ScriptedTransport { number, _ in
            number < faults.count ? faults[number] : .success(HTTPReply(200, chatReply("4")))
        }
        let client = try client(transport)
        let call = try await client.complete(question).get()
        #expect(call.text == "4" && call.tries == 8)
        #expect(client.figures.retries == 7 && client.figures.failures == 0)
        #expect((20...21).contains(time.waits[0]))
        #expect(Set(transport.bodies).count == 1, "the same bytes each time")
    }

    @Test("after eight tries it is a failure, with what was said last")
    func exhausted() async throws {
        let transport = ScriptedTransport { _, _ in .success(HTTPReply(502, #"{"error": "no worker"}"#)) }
        let client = try client(transport)
        let failure = try #require(failure(await client.complete(question)))
        #expect(failure.kind == .serverError && failure.status == 502 && failure.tries == 8 && failure.retryable)
        #expect(failure.message == "peer: status 502: no worker")
        #expect(transport.sent.count == 8)
        #expect(client.figures.failures == 1)
    }

    @Test(
        "other 4xx, redirects, TLS faults and huge bodies are asked once",
        arguments: [
            (Result<HTTPReply, HTTPFailure>.success(HTTPReply(400, "no")), CallFailure.Kind.refused),
            (.success(HTTPReply(401, "no")), .unauthorised), (.success(HTTPReply(403, "no")), .unauthorised),
            (.success(HTTPReply(404, "no")), .refused), (.success(HTTPReply(501, "no")), .serverError),
            (.success(HTTPReply(413, "no")), .tooLong), (.failure(.redirected(to: "http://evil:80")), .redirected),
            (.failure(.untrusted("self-signed")), .untrusted), (.failure(.bodyTooLarge(5)), .tooLarge),
            (.success(HTTPReply(400, #"{"error": {"message": "x", "code": "context_length_exceeded"}}"#)), .tooLong),
        ]
    )
    func once(_ reply: Result<HTTPReply, HTTPFailure>, _ kind: CallFailure.Kind) async throws {
        let transport = ScriptedTransport { _, _ in reply }
        let failure = try #require(failure(try await client(transport).complete(question)))
        #expect(failure.kind == kind && failure.tries == 1 && !failure.retryable)
        #expect(time.waits.isEmpty)
    }

    @Test("a parameter that is refused is left out from then on, and the model and the messages never are")
    func learning() async throws {
        let transport = ScriptedTransport { _, call in
            guard case .post(let body) = call.method else { return .failure(.cut("")) }
            let text = String(decoding: body, as: UTF8.self)
            for name in ["seed", "stop"] where text.contains("\"\(name)\"") {
                return .success(
                    HTTPReply(400, #"{"error": {"message": "Unsupported parameter: '\#(name)'", "param": "\#(name)"}}"#)
                )
            }
            if text.contains("\"max_tokens\"") {
                return .success(HTTPReply(400, #"{"error": "unsupported 'max_tokens', use 'max_completion_tokens'"}"#))
            }
            return .success(HTTPReply(200, chatReply("4")))
        }
        let client = try client(transport)
        var body = question
        (body.seed, body.stop, body.temperature) = (7, ["x"], 0.5)
        let call = try await client.complete(body).get()
        #expect(call.tries == 4 && call.leftOut == [.seed, .stop])
        #expect(client.learnt.refused == [.seed, .stop] && client.learnt.isMaximumRenamed)
        #expect(client.figures.retries == 0 && time.waits.isEmpty)
        #expect(try await client.complete(body).get().tries == 1)
        let last = try #require(transport.bodies.last)
        #expect(last.contains("max_completion_tokens") && last.contains("temperature") && last.contains("messages"))
    }

    @Test("an endpoint that refuses everything, whatever is left out, is not asked for ever")
    func stubborn() async throws {
        let names = ["seed", "stop", "temperature", "top_p", "max_tokens", "model", "messages"]
        let transport = ScriptedTransport { number, _ in
            let name = names[number % names.count]
            return .success(HTTPReply(400, #"{"error": {"message": "unsupported", "param": "\#(name)"}}"#))
        }
        var body = question
        (body.seed, body.stop, body.temperature, body.topP) = (7, ["x"], 0.5, 0.9)
        let client = try client(transport)
        #expect(failure(await client.complete(body))?.kind == .refused)
        #expect(transport.sent.count <= 7)
        #expect(transport.bodies.allSatisfy { $0.contains("\"model\"") && $0.contains("\"messages\"") })
    }

    @Test("a key that an endpoint writes into an error, a model's name or an answer goes no further")
    func echoedKey() async throws {
        let secret = try Secret(testKey)
        let error = ScriptedTransport { _, _ in
            .success(
                HTTPReply(
                    401,
                    #"{"error": {"message": "Incorrect API key \u001b[31m\#(testKey)\u202e: \#(testKey.prefix(12))***"}}"#
                )
            )
        }
        let failure = try #require(failure(try await client(error, secret: secret).complete(question)))
        #expect(failure.message == "peer: status 401: Incorrect API key [key]: [key]***")
        let answer = ScriptedTransport { _, _ in .success(HTTPReply(200, chatReply("your key is \(testKey)"))) }
        let call = try await client(answer, secret: secret).complete(question).get()
        #expect(call.text == "your key is [key]" && call.keyEchoed)
        #expect(answer.sent.allSatisfy { !"\($0)".contains(testKey) })
    }

    @Test("while an endpoint is down calls wait, one probes, and when it is back they are answered")
    func outage() async throws {
        let transport = ScriptedTransport { number, _ in
            number < 7 ? .failure(.unreachable("down")) : .success(HTTPReply(200, chatReply("4")))
        }
        let client = try client(transport, breaker: CircuitBreaker())
        let call = try await client.complete(question).get()
        #expect(call.tries == 8)
        #expect(time.now > 30 + 60 + 120, "the pauses after the fifth, sixth and seventh failure")
        #expect(client.figures.breaker == .closed)
    }

    @Test("an endpoint that stays down is not waited for longer than its patience")
    func patience() async throws {
        let transport = ScriptedTransport { _, _ in .failure(.unreachable("down")) }
        let breaker = CircuitBreaker(threshold: 2, pause: 50, longestPause: 100, patience: 120)
        let client = try client(transport, breaker: breaker)
        let failure = try #require(failure(await client.complete(question)))
        #expect(failure.kind == .unavailable && failure.retryable)
        #expect(failure.message == "peer is down: cannot be reached: down")
        #expect(time.now < 250)
        #expect(client.figures.breaker == .open)
    }

    @Test("a cancelled call ends, and its place is free")
    func cancelled() async throws {
        let transport = ScriptedTransport { _, _ in .success(HTTPReply(200, chatReply("4"))) }
        let client = try client(transport, settings: .test(concurrency: 1))
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await client.complete(question)
        }
        task.cancel()
        #expect(failure(await task.value)?.kind == .cancelled)
        #expect(try await client.complete(question).get().text == "4")
        #expect(client.figures.failures == 0)
    }

    @Test("the likelihood of a text is scored with one token generated, for to some servers none is no limit")
    func likelihood() async throws {
        let echo = """
            {"model": "m", "choices": [{"text": "ab cd!", "logprobs": {"tokens": ["ab", " cd", "!"], "token_logprobs": \
            [null, -0.5, -2]}}]}
            """
        let transport = ScriptedTransport { _, _ in .success(HTTPReply(200, echo)) }
        let call = try await client(transport).likelihood(of: " cd", after: "ab").get()
        #expect(call.likelihood == EchoedLikelihood(logprob: -0.5, tokens: 1))
        #expect(transport.bodies.first?.contains(#""max_tokens": 1,"#) == true)
    }

    @Test("an endpoint that does not echo is unsupported for scoring; one that lists models tells their context")
    func lacking() async throws {
        let none = ScriptedTransport { _, _ in .success(HTTPReply(200, #"{"choices": [{"text": "x"}]}"#)) }
        guard case .failure(let failure) = try await client(none).likelihood(of: "b", after: "a") else {
            Issue.record("scored")
            return
        }
        #expect(failure.kind == .unsupported && failure.tries == 1)
        let list = ScriptedTransport { _, _ in
            .success(
                HTTPReply(
                    200,
                    #"{"data": [{"id": "m", "max_model_len": 2048}, {"id": "n", "owned_by": "selfimprove"}, 5]}"#
                )
            )
        }
        let models = try await client(list).models().get()
        #expect(
            models == [
                .init(name: "m", contextLength: 2048, isOurs: false),
                .init(name: "n", contextLength: nil, isOurs: true),
            ]
        )
        #expect(list.sent.first?.method == .get)
    }
}

import Foundation
import LocalLM
import ModelFiles
import Synchronization
import TestSupport
import Testing

@testable import SelfImprove

private final class Counter: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }
    func add() { value.withLock { $0 += 1 } }
}

@Suite struct RemoteModelTests {
    private let log = MemoryCallLog()

    private func model(_ settings: EndpointSettings, _ transport: ScriptedTransport) -> RemoteModel {
        let client = EndpointClient(settings, secret: nil, transport: transport, retry: RetryPolicy(tries: 1))
        return RemoteModel(client: client, log: log, campaign: "c", now: { Date(timeIntervalSince1970: 0) })
    }

    private func requests(_ count: Int, samples: Int = 1) -> [ChatRequest] {
        (0..<count).map {
            let message = Message(role: "user", content: "q\($0)")
            return ChatRequest(
                messages: [message],
                samples: samples,
                sampling: Sampling(maximumTokens: 3),
                key: UInt64($0)
            )
        }
    }

    private static func answers(_ counter: Counter) -> ScriptedTransport {
        ScriptedTransport { _, call in
            guard case .post = call.method else { return .success(HTTPReply(404, "")) }
            counter.add()
            return .success(HTTPReply(200, chatReply("4")))
        }
    }

    @Test func whatWasAnsweredIsNotAskedAgain() async throws {
        let counter = Counter(), transport = Self.answers(counter)
        let first = try await model(.test(), transport).answer(requests(5, samples: 2)) { _ in }
        let texts = try first.map { result in try result.get().map { $0.text } }
        #expect(texts == [[String]](repeating: ["4", "4"], count: 5) && counter.count == 10)
        let again = try await model(.test(), transport).answer(requests(7, samples: 2)) { _ in }
        #expect(again.count == 7 && counter.count == 14, "two new questions, twice each")
    }

    @Test("What a user would say is asked of /completions with the prefix, and kept like all calls")
    func writesAsAUser()
        async throws
    {
        let reply =
            #"{"model": "m", "choices": [{"text": "Why?", "finish_reason": "stop"}], "#
            + #""usage": {"prompt_tokens": 4, "completion_tokens": 2}}"#
        let transport = ScriptedTransport { _, call in
            guard case .post = call.method else { return .success(HTTPReply(404, "")) }
            return .success(HTTPReply(200, reply))
        }
        let sampling = Sampling(temperature: 1, stop: ["[/INST]"], maximumTokens: 9)
        let requests = (0..<3).map { ChatRequest(userAfter: "<s>[INST]", sampling: sampling, key: UInt64($0)) }
        for _ in 0..<2 {
            let answers = try await model(.test(), transport).answer(requests) { _ in }.map { try $0.get()[0] }
            #expect(answers.map(\.text) == ["Why?", "Why?", "Why?"] && answers.allSatisfy { $0.finishReason == .stop })
        }
        let posted = zip(transport.sent, transport.bodies).filter { !$1.isEmpty }
        #expect(posted.count == 3, "none is asked again")
        for (call, body) in posted {
            #expect(call.url.hasSuffix("/v1/completions"))
            let json = try JSONParser.parse(Array(body.utf8), context: "body")
            #expect(json["prompt"]?.string == "<s>[INST]" && json["messages"] == nil)
            #expect(json["stop"]?.array?.map(\.string) == ["[/INST]"] && json["max_tokens"]?.integer == 9)
        }
        #expect(log.all.count == 3 && log.all.allSatisfy { $0.promptTokens == 4 && $0.completionTokens == 2 })
        #expect(Set(log.all.map(\.digest)).count == 3)
    }

    /// An answer costs ten tokens (`chatReply`), and a campaign that goes on spends nothing more.
    @Test(arguments: [25, 100, 305]) func aBudgetIsNotOverdrawn(tokens: Int) async throws {
        let counter = Counter(), transport = Self.answers(counter)
        var settings = try EndpointSettings.test()
        settings.budget.tokens = tokens
        for _ in 0..<2 {
            await #expect { try await model(settings, transport).answer(requests(60)) { _ in } } throws: { error in
                (error as? SelfImproveError)?.code == .withheld && "\(error)".contains("raise the peer's budget")
            }
        }
        let spent = log.all.reduce(0) { $0 + $1.cost.tokens }
        #expect(spent <= tokens && spent >= tokens - 20 && counter.count == log.all.count)
        settings.budget.tokens = 10_000
        let answers = try await model(settings, transport).answer(requests(60)) { _ in }
        #expect(answers.count == 60 && counter.count == 60, "raised, it goes on where it was")
    }

    @Test("All that ask a peer share its budget: what is reserved for the longest answers is not spent by others")
    func aSharedBudget() async throws {
        // The server writes as much as it may.
        let transport = ScriptedTransport { _, call in
            guard case .post(let bytes) = call.method, let body = try? JSONParser.parse(bytes, context: "body") else {
                return .success(HTTPReply(404, ""))
            }
            let tokens = body["max_tokens"]?.integer ?? 0
            let reply = chatReply("4").replacing(#""completion_tokens": 3"#, with: #""completion_tokens": \#(tokens)"#)
            return .success(HTTPReply(200, reply))
        }
        var settings = try EndpointSettings.test(concurrency: 32)
        settings.budget.tokens = 23_000
        let model = model(settings, transport)
        let long = requests(40).map { request in
            var long = request
            long.sampling.maximumTokens = 2000
            return long
        }
        let halt = StepHalt()
        let errors = await StepHalt.$current.withValue(halt) {
            await withTaskGroup(of: (any Error)?.self) { group in
                for asked in [requests(40), long] {
                    group.addTask {
                        do { _ = try await model.answer(asked) { _ in } } catch {
                            halt.pull()
                            return error
                        }
                        return nil
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }.compactMap { $0 }
            }
        }
        #expect(errors.contains { ($0 as? SelfImproveError)?.code == .withheld }, "\(errors)")
        let spent = log.all.reduce(0) { $0 + $1.cost.tokens }
        #expect(spent <= 23_000 && spent > 20_000 && log.all.count == transport.bodies.count { !$0.isEmpty })
    }

    @Test("When a part of the step fails elsewhere, calls under way end and are kept, and none begins")
    func halted() async throws {
        let halt = StepHalt(), counter = Counter()
        let transport = ScriptedTransport { _, call in
            guard case .post = call.method else { return .success(HTTPReply(404, "")) }
            counter.add()
            halt.pull()
            return .success(HTTPReply(200, chatReply("4")))
        }
        let model = try model(.test(concurrency: 2), transport)
        await #expect(throws: CancellationError.self) {
            try await StepHalt.$current.withValue(halt) { try await model.answer(requests(20)) { _ in } }
        }
        #expect(log.all.count == counter.count && (1...4).contains(counter.count))
    }

    @Test(arguments: [
        (401, #"{"error": {"message": "no"}}"#), (402, "{}"),
        (429, #"{"error": {"message": "quota", "code": "insufficient_quota"}}"#),
    ]) func whoMayNotAskIsPaused(status: Int, body: String) async throws {
        let transport = ScriptedTransport { _, _ in .success(HTTPReply(status, body)) }
        await #expect { try await model(.test(), transport).answer(requests(3)) { _ in } } throws: {
            ($0 as? SelfImproveError)?.code == .withheld
        }
    }

    @Test func oneCallWithoutAnAnswerCostsThatAnswer() async throws {
        let transport = ScriptedTransport { _, call in
            guard case .post(let body) = call.method else { return .success(HTTPReply(404, "")) }
            let isBad = String(decoding: body, as: UTF8.self).contains("q1")
            return .success(isBad ? HTTPReply(400, "no") : HTTPReply(200, chatReply("4")))
        }
        let results = try await model(.test(), transport).answer(requests(3)) { _ in }
        #expect(try results.answered().map { $0?.first?.text } == ["4", nil, "4"])
        #expect(log.all.first { $0.text == nil }?.failure?.contains("status 400") == true)
        let nothing = ScriptedTransport { _, _ in .success(HTTPReply(404, "")) }
        let none = try await model(.test(), nothing).answer(
            requests(2).map { request in
                var request = request
                request.key += 100
                return request
            }
        ) { _ in }
        #expect(throws: SelfImproveError.self, "where nothing is answered, it is not the question") {
            try none.answered()
        }
    }
}

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import LocalLM
import TestSupport
import Testing

@testable import Server

@Suite struct CompletionTests {
    private struct Answer: Decodable {
        struct Choice: Decodable {
            struct Turn: Decodable {
                var role: String?
                var content: String?
            }
            var index: Int
            var message: Turn?
            var delta: Turn?
            var text: String?
            var finish_reason: String?
        }
        struct Usage: Decodable {
            var prompt_tokens: Int
            var completion_tokens: Int
            var total_tokens: Int
        }
        var id: String
        var object: String
        var model: String
        var choices: [Choice]
        var usage: Usage?
    }

    private static let request =
        #""model":"tiny","messages":[{"role":"user","content":"Reverse the"}],"max_tokens":5,"seed":7,"n":2"#

    @Test("A stream carries the same text as the whole answer, and ends with [DONE]")
    func streaming() async throws {
        try await ServerUnderTest.withModel { client in
            let whole = try await client.post("/v1/chat/completions", "{\(Self.request)}").decode(Answer.self)
            #expect(whole.object == "chat.completion" && whole.model == "tiny" && whole.choices.count == 2)
            let usage = try #require(whole.usage)
            #expect(usage.total_tokens == usage.prompt_tokens + usage.completion_tokens)

            let stream = try await client.post(
                "/v1/chat/completions",
                "{\(Self.request),\"stream\":true,\"stream_options\":{\"include_usage\":true}}"
            )
            #expect(stream.headers[.contentType] == "text/event-stream")
            #expect(stream.events.last == "[DONE]")
            let chunks = try stream.events.dropLast().map {
                try JSONDecoder().decode(Answer.self, from: Data($0.utf8))
            }
            #expect(chunks.allSatisfy { $0.object == "chat.completion.chunk" && $0.id == chunks[0].id })
            for index in 0..<2 {
                let own = chunks.flatMap(\.choices).filter { $0.index == index }
                #expect(own.first?.delta?.role == "assistant")
                #expect(own.compactMap(\.delta?.content).joined() == whole.choices[index].message?.content)
                #expect(own.compactMap(\.finish_reason) == [whole.choices[index].finish_reason])
            }
            #expect(chunks.last?.choices.isEmpty == true)
            #expect(chunks.last?.usage?.total_tokens == usage.total_tokens)
        }
    }

    @Test("Text completions answer every prompt, and report what was asked of logprobs")
    func text() async throws {
        try await ServerUnderTest.withModel { client in
            let answer = try await client.post(
                "/v1/completions",
                #"{"model":"tiny","prompt":["Reverse"," the"],"max_tokens":2,"seed":1,"logprobs":2}"#
            )
            let decoded = try answer.decode(Answer.self)
            #expect(decoded.object == "text_completion" && decoded.choices.map(\.index) == [0, 1])
            #expect(decoded.choices.allSatisfy { $0.text != nil && $0.finish_reason != nil })
            #expect(answer.text.contains("\"token_logprobs\":[-"))
            let again = try await client.post(
                "/v1/completions",
                #"{"model":"tiny","prompt":["Reverse"," the"],"max_tokens":2,"seed":1}"#
            )
            #expect(try again.decode(Answer.self).choices.map(\.text) == decoded.choices.map(\.text), "seeded")
            #expect(again.text.contains("\"logprobs\":null"))
        }
    }

    /// What harnesses of evaluations ask for a prompt's own logprobs.
    @Test func theEchoOfAPromptHasItsLogprobs() async throws {
        struct Echo: Decodable {
            struct Choice: Decodable {
                struct Logprobs: Decodable {
                    var tokens: [String]
                    var token_logprobs: [Float?]
                    var top_logprobs: [[String: Float]?]
                    var text_offset: [Int]
                }
                var text: String
                var logprobs: Logprobs?
            }
            struct Usage: Decodable { var completion_tokens: Int }
            var choices: [Choice]
            var usage: Usage?
        }
        let model = try TinyModels.spelling(), prompt = "Reverse the cab", ids = model.tokenizer.encode(prompt)
        let expected = try InferenceEngine(weights: model.weights, threads: 1).allLogprobs(ids: ids, lastLogits: false)
        try await ServerUnderTest.withModel { client in
            func ask(_ rest: String) async throws -> TestResponse {
                try await client.post(
                    "/v1/completions",
                    "{\"model\":\"tiny\",\"prompt\":\"\(prompt)\",\"echo\":true,\(rest)}"
                )
            }
            let scored = try await ask(#""max_tokens":0,"logprobs":1"#).decode(Echo.self)
            let choice = try #require(scored.choices.first), logprobs = try #require(choice.logprobs)
            #expect(choice.text == prompt && scored.usage?.completion_tokens == 0)
            #expect(logprobs.tokens.joined() == prompt && logprobs.token_logprobs[0] == nil && ids.count > 2)
            #expect(logprobs.token_logprobs.dropFirst().map { $0! } == expected.logprobs, "the same bits")
            #expect(logprobs.top_logprobs[0] == nil && logprobs.top_logprobs[1]!.values.max()! >= expected.logprobs[0])
            #expect(logprobs.text_offset == logprobs.tokens.indices.map { logprobs.tokens[..<$0].joined().count })

            let longer = try await ask(#""max_tokens":3,"seed":2,"logprobs":1,"n":2"#).decode(Echo.self)
            #expect(longer.choices.count == 2)
            for choice in longer.choices {
                #expect(choice.logprobs?.token_logprobs.prefix(ids.count).dropFirst().map { $0! } == expected.logprobs)
                #expect(choice.text.hasPrefix(prompt) && choice.logprobs!.tokens.count > ids.count)
            }
            let plain = try await ask(#""max_tokens":3,"seed":2"#).decode(Echo.self)
            #expect(plain.choices[0].text == longer.choices[0].text && plain.choices[0].logprobs == nil)
            let stream = try await ask(#""max_tokens":3,"seed":2,"logprobs":1,"stream":true"#)
            let chunks = try stream.events.dropLast().map { try JSONDecoder().decode(Echo.self, from: Data($0.utf8)) }
            #expect(chunks.flatMap(\.choices).map(\.text).joined() == longer.choices[0].text)
            #expect(
                chunks.flatMap(\.choices).compactMap(\.logprobs).flatMap(\.text_offset)
                    == longer.choices[0].logprobs?.text_offset
            )
        }
    }

    @Test("A prompt beyond the context has OpenAI's code for it, with a conversation and with a text")
    func tooLong() async throws {
        try await ServerUnderTest.withModel { client in
            let long = String(repeating: "so ", count: 400)
            let chat = "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"\(long)\"}]}"
            for (path, body) in [
                ("/v1/chat/completions", chat), ("/v1/completions", "{\"model\":\"tiny\",\"prompt\":\"\(long)\"}"),
            ] {
                let answer = try await client.post(path, body)
                #expect(answer.status == .badRequest, "\(answer.text)")
                #expect(
                    answer.text.contains(#""code":"context_length_exceeded""#) && answer.text.contains("160 positions")
                )
            }
        }
    }

    @Test("The server of one model lists it, and has nothing of the daemon's")
    func oneModel() async throws {
        try await ServerUnderTest.withModel { client in
            let models = try await client.get("/v1/models").text
            #expect(
                models
                    == #"{"data":[{"created":0,"id":"tiny","max_model_len":160,"object":"model","owned_by":"selfimprove"}],"object":"list"}"#
            )
            #expect(
                try await client.get("/v1/models/tiny").text
                    == #"{"created":0,"id":"tiny","max_model_len":160,"object":"model","owned_by":"selfimprove"}"#
            )
            for path in ["/", "/api/campaigns", "/metrics", "/v1/models/other", "/v1/models/tiny/x"] {
                let answer = try await client.get(path)
                #expect(answer.status == .notFound, "\(path)")
            }
        }
    }
}

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
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

    @Test("The server of one model lists it, and has nothing of the daemon's")
    func oneModel() async throws {
        try await ServerUnderTest.withModel { client in
            let models = try await client.get("/v1/models").text
            #expect(
                models
                    == #"{"data":[{"created":0,"id":"tiny","object":"model","owned_by":"selfimprove"}],"object":"list"}"#
            )
            for path in ["/", "/api/campaigns", "/metrics"] {
                let answer = try await client.get(path)
                #expect(answer.status == .notFound, "\(path)")
            }
        }
    }
}

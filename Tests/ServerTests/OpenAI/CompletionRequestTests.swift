import Foundation
import Hummingbird
import HummingbirdTesting
import SelfImprove
import Testing

@testable import Server

@Suite struct CompletionRequestTests {
    private static let chat = #""model":"tiny","messages":[{"role":"user","content":"Reverse the"}]"#

    @Test(
        "What cannot be done is refused by name",
        arguments: [
            (#""temperature":2.5"#, "temperature"), (#""temperature":"warm""#, "temperature"),
            (#""top_p":-0.1"#, "top_p"),
            (#""n":0"#, "n: is 0"), (#""n":17"#, "n: is 17"), (#""max_tokens":-1"#, "max_tokens"),
            (#""max_completion_tokens":2000000"#, "max_completion_tokens"), (#""min_p":2"#, "min_p"),
            (#""repetition_penalty":0"#, "repetition_penalty"),
            (#""stop":["","b"]"#, "stop: holds a text that is empty"),
            (#""stop":"""#, "stop"), (#""top_logprobs":21"#, "top_logprobs"),
            (#""presence_penalty":1"#, "presence_penalty"),
            (#""frequency_penalty":-1"#, "frequency_penalty"),
            (#""tools":[{"type":"function"}]"#, "tools"), (#""tool_choice":"required""#, "tool_choice"),
            (#""logit_bias":{"1":2}"#, "logit_bias"), (#""response_format":{"type":"json_object"}"#, "response_format"),
            (#""modalities":["text","audio"]"#, "modalities"), (#""chat_template":"{{ 1 }}""#, "chat_template"),
            (#""continue_final_message":true"#, "continue_final_message"), (#""ignore_eos":true"#, "ignore_eos"),
            (#""min_tokens":3"#, "min_tokens"), (#""repeat_penalty":1.1"#, "repeat_penalty"),
            (#""skip_special_tokens":false"#, "skip_special_tokens"), (#""echo":true"#, "echo"),
            (#""temprature":1"#, "temprature: is unknown (did you mean temperature?)"),
            (
                #""stream_options":{"include_usages":true}"#,
                "stream_options.include_usages: is unknown (did you mean include_usage?)"
            ), (#""top_logprobs":3"#, "top_logprobs: needs"), (#""":1"#, "\"\": is unknown"),
            (#""seed":1.5"#, "seed has the wrong type"),
            (#""seed":18446744073709551616"#, "seed: is 18446744073709551616"),
            (#""n":1.5"#, "n has the wrong type"), (#""stop":[1]"#, "stop has the wrong type"),
        ]
    )
    func refusals(_ parameter: String, _ named: String) async throws {
        try await ServerUnderTest.withModel { client in
            let refused = try await client.post("/v1/chat/completions", "{\(Self.chat),\(parameter)}")
            #expect(refused.status == .badRequest, "\(refused.text)")
            let error = try refused.decode(Refusal.self).error
            #expect(error.code == "input" && error.message.contains(named), "\(error.message)")
        }
    }

    @Test("What changes no answer is ignored")
    func ignored() async throws {
        try await ServerUnderTest.withModel { client in
            let body =
                "{\(Self.chat),\"max_tokens\":1.0,\"user\":\"someone\",\"presence_penalty\":0,\"logit_bias\":{},"
                + #""tools":null,"functions":[],"response_format":{"type":"text"},"stop":null,"metadata":{"a":1},"#
                + #""tool_choice":"auto","modalities":["text"],"length_penalty":1.0,"add_generation_prompt":true,"#
                + #""seed":18446744073709551615,"nobody_knows":null}"#
            let answer = try await client.post("/v1/chat/completions", body)
            #expect(answer.status == .ok, "\(answer.text)")
        }
    }

    @Test("Bodies that are not requests are refused with the key at fault")
    func bodies() async throws {
        try await ServerUnderTest.withModel { client in
            for (path, body, named) in [
                ("chat/completions", "", "not valid JSON"), ("chat/completions", "[]", "the body has the wrong type"),
                ("chat/completions", "{}", "model is missing"),
                ("chat/completions", #"{"model":"tiny"}"#, "messages is missing"),
                ("chat/completions", #"{"model":"tiny","messages":[]}"#, "messages: is empty"),
                (
                    "chat/completions",
                    #"{"model":"tiny","messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#, "image_url"
                ),
                (
                    "chat/completions",
                    #"{"model":"tiny","messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}]}"#,
                    #"does not show "tool_calls" of message 2"#
                ),
                (
                    "chat/completions", #"{"model":"tiny","messages":[{"role":"user","content":null}]}"#,
                    "messages: message 1 lacks role or content"
                ),
                (
                    "chat/completions",
                    #"{"model":"tiny","messages":[{"role":"user","content":[{"type":"text","text":5}]}]}"#,
                    "whose text is the number 5"
                ),
                ("completions", #"{"model":"tiny"}"#, "prompt"),
                ("completions", #"{"model":"tiny","prompt":[]}"#, "prompt: holds 0 prompts"),
                ("completions", #"{"model":"tiny","prompt":"the","logprobs":6}"#, "logprobs"),
                ("completions", #"{"model":"tiny","prompt":"the","best_of":4}"#, "best_of"),
                ("completions", #"{"model":"tiny","prompt":[1,"a"]}"#, "prompt has the wrong type"),
                ("completions", #"{"model":"tiny","prompt":"the","suffix":"x"}"#, "suffix"),
                ("completions", #"{"model":"tiny","prompt":[100000]}"#, "vocabulary"),
                ("completions", #"{"model":"tiny","prompt":""}"#, "empty"),
            ] {
                let refused = try await client.post("/v1/\(path)", body)
                #expect(refused.status == .badRequest, "\(body): \(refused.text)")
                #expect(try refused.decode(Refusal.self).error.message.contains(named), "\(body): \(refused.text)")
            }
            let unknown = try await client.post("/v1/completions", #"{"model":"other","prompt":"the"}"#)
            #expect(unknown.status == .notFound && unknown.text.contains("there is tiny"))
        }
    }

    @Test("The newer name of a limit wins, prompts come in four forms, and text has its default length")
    func parsing() throws {
        func text(_ json: String) throws -> TextCompletionRequest {
            try TextCompletionRequest(RequestFields(Array(json.utf8)))
        }
        let both = try text(#"{"model":"m","prompt":"a","max_tokens":3,"max_completion_tokens":4,"stop":"x"}"#)
        #expect(both.parameters.maxTokens == 4 && both.parameters.stop == ["x"] && both.topLogprobs == nil)
        #expect(try text(#"{"model":"m","prompt":"a"}"#).parameters.maxTokens == 16)
        for (prompt, count) in [(#""a""#, 1), (#"["a","b"]"#, 2), ("[1,2,3]", 1), ("[[1],[2,3]]", 2)] {
            #expect(try text("{\"model\":\"m\",\"prompt\":\(prompt)}").prompts.count == count, "\(prompt)")
        }
        let body =
            #"{"model":"m","top_logprobs":0,"messages":[{"role":"developer","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"#
            + #"{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{\"b\": 1, \"a\": 2}"}}]}]}"#
        let chat = try ChatCompletionRequest(RequestFields(Array(body.utf8)))
        #expect(chat.messages.map(\.role) == ["system", "assistant"] && chat.messages.map(\.content) == ["ab", ""])
        let call = #"[{"function": {"name": "f", "arguments": {"b": 1, "a": 2}}}]"#
        #expect(chat.messages[1].members.map { $0.value.text() } == [call], "arguments as they are, in their order")
        #expect(chat.topLogprobs == nil && chat.parameters.maxTokens == nil, "no logprobs without \"logprobs\": true")
    }

    /// Tokens that are parts of characters stay apart where only their text names them.
    @Test func aPartOfACharacterIsSpelt() {
        #expect(CompletionWriter.name(Array("né".utf8)) == "né")
        #expect(
            CompletionWriter.name([0xE2]) == #"bytes:\xe2"#
                && CompletionWriter.name([0x82, 0xAC]) == #"bytes:\x82\xac"#
        )
    }
}

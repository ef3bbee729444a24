import Foundation
import Testing

@testable import ModelFiles

/// Rows of data files whose messages hold more than text.
@Suite struct RowsTests {
    private func row<Row: JSONLinesRow>(_ type: Row.Type, _ json: String) throws -> Row {
        try JSONLines.decode(type, Data(json.utf8), name: "f")[0]
    }

    private func refusal<Row: JSONLinesRow>(_ type: Row.Type, _ json: String) -> String {
        do {
            _ = try row(type, json)
            return ""
        } catch { return "\(error)" }
    }

    private static let call =
        #"[{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"b": 1, "a": 2}}}]}]"#
    private static let user = #"[{"role": "user", "content": "hot?"}]"#

    @Test func callsAndToolsAreKeptToTheByte() throws {
        let line = #"{"tools": [{"name": "f"}], "prompt": \#(Self.user), "completion": \#(Self.call)}"#
        let sft = try row(SFTRow.self, line)
        #expect(sft.tools?.array?.count == 1 && sft.completion[0].content == "")
        let again = try row(SFTRow.self, sft.json.text())
        #expect(again == sft && again.json.text() == sft.json.text())
        #expect(sft.json.text().contains(#""arguments": {"b": 1, "a": 2}"#), "members in their order")
        let written = try row(
            SFTRow.self,
            line.replacingOccurrences(of: #"[{"name": "f"}]"#, with: #""[{\"name\": \"f\"}]""#)
        )
        #expect(written.tools == sft.tools, "TRL takes tools as JSON in a string, too")
    }

    /// The chosen answer is a call: not an empty text.
    @Test func aPreferredCallIsNoEmptyText() throws {
        let other = #"[{"role": "assistant", "content": ""}]"#
        let preference = try row(
            PreferenceRow.self,
            #"{"prompt": \#(Self.user), "chosen": \#(Self.call), "rejected": \#(other)}"#
        )
        #expect(preference.chosen != preference.rejected && preference.chosen[0].members.map(\.key) == ["tool_calls"])
    }

    @Test func whatOtherTrainersReadIsRefusedByName() {
        for (key, value) in [
            ("chat_template_kwargs", #"{"enable_thinking": false}"#), ("images", #"["a.png"]"#),
            ("system", #""Be brief""#),
            ("weight", "0.5"), ("tools", "3"), ("tools", #""not JSON""#), ("tools", "[5]"),
        ] {
            let line =
                #"{"prompt": \#(Self.user), "completion": [{"role": "assistant", "content": "y"}], "\#(key)": \#(value)}"#
            let said = refusal(SFTRow.self, line)
            #expect(said.hasPrefix("f:1") && said.contains(key), "\(key): \(said)")
        }
        let image = #"[{"role": "user", "content": [{"type": "image", "image": "x"}]}]"#
        let said = refusal(
            SFTRow.self,
            #"{"prompt": \#(image), "completion": [{"role": "assistant", "content": "y"}]}"#
        )
        #expect(said.contains("f:1: message 1 of prompt holds a part of type \"image\""), "\(said)")
    }

    /// Other models answer them, with templates of their own.
    @Test func promptsOfACampaignAreTexts() throws {
        let parts =
            #"[{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "name": null}]"#
        #expect(try row(PromptRow.self, #"{"prompt": \#(parts)}"#).prompt == [Message(role: "user", content: "ab")])
        let said = refusal(PromptRow.self, #"{"prompt": [{"role": "user", "content": "a", "name": "Ann"}]}"#)
        #expect(said.contains("f:1: message 1 of prompt holds \"name\""), "\(said)")
        #expect(refusal(PromptRow.self, #"{"prompt": "a", "tools": [{"name": "f"}]}"#).contains("tools"))
        #expect(
            refusal(
                ExampleRow.self,
                #"{"messages": [{"role": "user", "content": "a"}, \#(Self.call.dropFirst().dropLast())]}"#
            ).contains("tool_calls")
        )
    }
}

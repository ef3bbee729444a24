import Foundation
import LocalLM
import ModelFiles

/// JSON lines of all kinds of rows: what is accepted says the same when it is written and read again, and becomes
/// token ids.
struct RowsTarget: FuzzTarget {
    static let name = "jsonl"

    private let seeds: [JSONValue]
    private let json: JSONMutator
    private let bytes: Mutator
    private let checkpoint: Checkpoint

    init(folder: URL) throws {
        seeds = try [
            #"{"prompt":[{"role":"system","content":"Be brief."},{"role":"user","content":"2+2?\n"}],"completion":[{"role":"assistant","content":"4"}]}"#,
            #"{"prompt":[{"role":"user","content":"é 漢字 🙂 <|im_end|>"}],"chosen":[{"role":"assistant","content":"ja"}],"rejected":[{"role":"assistant","content":"nein"}]}"#,
            #"{"id":7,"task":"sum","prompt":"What is 1 + 1?","answer":"2","source":{"file":"a.jsonl","line":[1,2.5e3,null,true]}}"#,
            #"{"task":"sum","messages":[{"role":"user","content":"1 + 1"},{"role":"assistant","content":"2"}]}"#,
            #"{"prompt":[],"completion":[{"role":"user","content":""},{"role":"assistant","content":"x"}],"chosen":[{"role":"assistant","content":"a"}],"#
                + #""rejected":[{"role":"assistant","content":"b"}]}"#,
        ].map { try JSONParser.parse($0.utf8, context: "seed") }
        let words = [
            "prompt", "completion", "messages", "chosen", "rejected", "role", "content", "system", "user", "assistant",
            "tool",
            "id", "task", "answer", "", "<|im_start|>",
            "<|im_end|>", "<|end|>", "\u{2028}", "\u{85}",
        ]
        json = JSONMutator(
            words: words,
            fragments: [
                .object([.init("role", .string("assistant")), .init("content", .string("yes"))]), .array([]),
                .string(String(repeating: "long ", count: 400)),
                .array([.object([.init("role", .string("assistant")), .init("content", .string("yes"))])]),
            ]
        )
        bytes = Mutator(
            words: words.map { "\"\($0)\"" } + [
                "\n", "\r\n", "\\u0000", "\\ud83d\\ude00", "\\ud800", "\\udc00\\ud800", "\\u00e", "\\x", "{}", "null",
            ]
        )
        let tokenizer = try Tokenizer.spelling([" the"])
        let configuration = ModelConfiguration(
            hiddenSize: 4,
            intermediateSize: 4,
            layerCount: 1,
            headCount: 1,
            keyValueHeadCount: 1,
            vocabularySize: tokenizer.vocabularySize
        )
        checkpoint = Checkpoint(weights: Weights(configuration), tokenizer: tokenizer, template: .chatML)
    }

    func input(_ random: inout RandomStream) -> FuzzInput {
        let seed = random.element(of: seeds)
        var text: [UInt8] = []
        for _ in 0..<random.small() {
            var row = random.one(in: 8) ? random.element(of: seeds) : seed
            if !random.one(in: 5) { json.mutate(&row, &random) }
            text += row.bytes
            text += random.element(of: ["\n", "\n", "\n", "\r\n", "\n\n", " \t\n", ""]).utf8
        }
        if random.one(in: 5) { bytes.mutate(&text, with: random.element(of: seeds).bytes, &random) }
        return [text]
    }

    func read(_ input: FuzzInput) throws {
        let data = Data(input[0])
        var refusal: LocalLMError?
        var accepted = false
        func attempt(_ body: () throws -> Void) throws {
            do {
                try body()
                accepted = true
            } catch let error as LocalLMError { refusal = refusal ?? error }
        }
        try attempt {
            for row in try rows(SFTRow.self, data) {
                let example = try checkpoint.example(row, maximumLength: 64)
                try require(
                    example.map { $0.ids.count <= 64 && $0.targetCount > 0 } ?? true,
                    "an example beyond its length, or without a target"
                )
            }
        }
        try attempt {
            for row in try rows(PreferenceRow.self, data) {
                _ = try checkpoint.preferenceExample(row, maximumLength: 64)
            }
        }
        try attempt { for row in try rows(ExampleRow.self, data) { _ = try checkpoint.promptIDs(row.messages) } }
        try attempt { for row in try rows(PromptRow.self, data) { _ = try checkpoint.promptIDs(row.prompt) } }
        if !accepted, let refusal { throw refusal }
    }

    private func rows<Row: JSONLinesRow>(_ type: Row.Type, _ data: Data) throws -> [Row] {
        let rows = try JSONLines.decode(type, data, name: "rows.jsonl")
        let written = JSONLines.encode(rows)
        let again: [Row]
        do { again = try JSONLines.decode(type, written, name: "again.jsonl") } catch {
            throw FuzzFault("a row that is written is refused: \(error)")
        }
        try require(JSONLines.encode(again) == written, "\(type) changes when it is written and read")
        return rows
    }
}

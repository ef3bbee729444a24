import ArgumentParser
import LocalLM
import ModelFiles

struct ModelTokenize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Turn text or conversations into token ids.",
        discussion: """
            Reads {"text":"..."} or {"messages":[{"role":"user","content":"..."}],"add_generation_prompt":true}, and \
            "tools" beside messages;
            prints {"ids":[...],"rendered":"...","decoded":"..."}. Text is encoded as it stands, nothing is added.
            With "return_assistant_tokens_mask":true also "assistant_masks": 1 for each id that training on a row of \
            these messages predicts.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Directory, GGUF file, digest or alias.") var model: String

    private struct Result: Encodable {
        var ids: [Int]
        var rendered: String
        var decoded: String
        /// Nil unless it was asked for.
        var assistant_masks: [Int]?
    }

    func run() async throws {
        let checkpoint = try state.checkpoint(model)
        try Output.forEachInput { row in
            try row.one(of: [["text"], ["messages", "tools", "add_generation_prompt", "return_assistant_tokens_mask"]])
            let rendered: String
            if let text = try row.text("text") {
                rendered = text
            } else if row.json["messages"] != nil {
                rendered = try checkpoint.chatTemplate().render(
                    row.messages("messages"),
                    tools: row.tools(),
                    addGenerationPrompt: row.flag("add_generation_prompt") ?? false
                )
            } else {
                throw LocalLMError(.input, "a line needs \"text\" or \"messages\"")
            }
            let ids = checkpoint.tokenizer.encode(rendered)
            var result = Result(ids: ids, rendered: rendered, decoded: checkpoint.tokenizer.decode(ids))
            if try row.flag("return_assistant_tokens_mask") == true {
                result.assistant_masks = try masks(row, checkpoint, ids)
            }
            try Output.json(result)
        }
    }

    private func masks(_ row: RowFields, _ checkpoint: Checkpoint, _ ids: [Int]) throws -> [Int] {
        guard let example = try checkpoint.example(conversation: row.messages("messages"), tools: row.tools()),
            example.ids == ids
        else { throw LocalLMError(.input, "training would drop this conversation: it has no targets") }
        var masks = ids.map { _ in 0 }
        for index in example.targets.joined() { masks[index] = 1 }
        return masks
    }
}

extension Checkpoint {
    func chatTemplate() throws -> ChatTemplate {
        guard let template else {
            throw LocalLMError(
                .unsupported,
                "this model has no chat template (of several, the one named default counts)",
                hint: "give \"text\", \"prompt\" or \"ids\" instead of \"messages\""
            )
        }
        return template
    }
}

import ArgumentParser
import LocalLM
import ModelFiles

struct ModelTokenize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Turn text or conversations into token ids.",
        discussion: """
            Reads {"text":"..."} or {"messages":[{"role":"user","content":"..."}],"add_generation_prompt":true};
            prints {"ids":[...],"rendered":"...","decoded":"..."}. Text is encoded as it stands, nothing is added.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Directory, GGUF file, digest or alias.") var model: String

    private struct Input: Decodable {
        var text: String?
        var messages: [Message]?
        var add_generation_prompt: Bool?
    }

    private struct Result: Encodable {
        var ids: [Int]
        var rendered: String
        var decoded: String
    }

    func run() async throws {
        let checkpoint = try state.checkpoint(model)
        try Output.forEachInput(Input.self) { row in
            let rendered: String
            if let text = row.text {
                rendered = text
            } else if let messages = row.messages {
                rendered = try checkpoint.chatTemplate().render(
                    messages,
                    addGenerationPrompt: row.add_generation_prompt ?? false
                )
            } else {
                throw LocalLMError(.input, "a line needs \"text\" or \"messages\"")
            }
            let ids = checkpoint.tokenizer.encode(rendered)
            try Output.json(Result(ids: ids, rendered: rendered, decoded: checkpoint.tokenizer.decode(ids)))
        }
    }
}

extension Checkpoint {
    func chatTemplate() throws -> ChatTemplate {
        guard let template else {
            throw LocalLMError(
                .unsupported,
                "this model has no chat template",
                hint: "give \"text\", \"prompt\" or \"ids\" instead of \"messages\""
            )
        }
        return template
    }
}

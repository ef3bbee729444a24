import ModelFiles

/// Conversations as token ids, exactly as TRL 1.16 prepares its conversational rows (`sft_trainer.py`,
/// `dpo_trainer.py`): the prompt is rendered with the generation prompt, prompt and completion together without, and
/// what the second has beyond the first is the target. So everything the template writes after an answer is trained:
/// the turn terminator, and ChatML's newline after it.
///
/// We deviate where the prompt's ids are not a prefix of the whole: TRL warns and trains on the rest, we drop the row
/// (nil), for the model would be trained on a prompt that it never sees. The caller counts.
extension Checkpoint {
    /// The ids that an answer is generated after.
    public func promptIDs(_ messages: [Message], tools: JSONValue? = nil) throws -> [Int] {
        try ids(messages, tools, addGenerationPrompt: true)
    }

    /// The same of a conversation that this program put together: its system message, which not every template takes,
    /// may come before the first user turn.
    package func composedIDs(_ messages: [Message]) throws -> [Int] {
        tokenizer.encode(try conversations().renderComposed(messages))
    }

    /// A row for SFT, or nil where it is dropped: the prompt is not a prefix, or the limit leaves no target.
    public func example(
        prompt: [Message],
        completion: [Message],
        tools: JSONValue? = nil,
        maximumLength: Int? = nil
    ) throws -> Example? {
        try example(promptIDs: promptIDs(prompt, tools: tools), prompt, completion, tools)?.truncated(to: maximumLength)
    }

    /// The same for a completion that is one message of the assistant.
    public func example(prompt: [Message], completion: String, maximumLength: Int? = nil) throws -> Example? {
        try example(
            prompt: prompt,
            completion: [Message(role: "assistant", content: completion)],
            maximumLength: maximumLength
        )
    }

    /// The same for a row of a data file.
    public func example(_ row: SFTRow, maximumLength: Int? = nil) throws -> Example? {
        switch row.targets {
        case .completion:
            try example(prompt: row.prompt, completion: row.completion, tools: row.tools, maximumLength: maximumLength)
        case .everyAnswer:
            try example(conversation: row.completion, tools: row.tools)?.truncated(to: maximumLength)
        }
    }

    /// A row for DPO, or nil where it is dropped: as above, for either answer. Each answer is truncated by itself.
    public func preferenceExample(
        prompt: [Message],
        chosen: [Message],
        rejected: [Message],
        tools: JSONValue? = nil,
        maximumLength: Int? = nil
    ) throws -> PreferenceExample? {
        let ids = try promptIDs(prompt, tools: tools)
        guard let chosen = try example(promptIDs: ids, prompt, chosen, tools)?.truncated(to: maximumLength),
            let rejected = try example(promptIDs: ids, prompt, rejected, tools)?.truncated(to: maximumLength)
        else { return nil }
        return PreferenceExample(chosen: chosen, rejected: rejected)
    }

    /// The same for answers that are one message of the assistant.
    public func preferenceExample(prompt: [Message], chosen: String, rejected: String, maximumLength: Int? = nil) throws
        -> PreferenceExample?
    {
        try preferenceExample(
            prompt: prompt,
            chosen: [Message(role: "assistant", content: chosen)],
            rejected: [Message(role: "assistant", content: rejected)],
            maximumLength: maximumLength
        )
    }

    /// The same for a row of a data file.
    public func preferenceExample(_ row: PreferenceRow, maximumLength: Int? = nil) throws -> PreferenceExample? {
        try preferenceExample(
            prompt: row.prompt,
            chosen: row.chosen,
            rejected: row.rejected,
            tools: row.tools,
            maximumLength: maximumLength
        )
    }

    func ids(_ messages: [Message], _ tools: JSONValue?, addGenerationPrompt: Bool) throws -> [Int] {
        let template = try conversations()
        return tokenizer.encode(try template.render(messages, tools: tools, addGenerationPrompt: addGenerationPrompt))
    }

    func conversations() throws -> ChatTemplate {
        guard let template else {
            throw LocalLMError(
                .unsupported,
                "the model has no chat template (of several, the one named default counts)",
                hint: "it continues text; conversations need chat_template.jinja"
            )
        }
        return template
    }

    private func example(promptIDs: [Int], _ prompt: [Message], _ completion: [Message], _ tools: JSONValue?) throws
        -> Example?
    {
        let ids = try ids(prompt + completion, tools, addGenerationPrompt: false)
        guard ids.starts(with: promptIDs) else { return nil }
        let example = Example(ids: ids, promptCount: promptIDs.count)
        return example.targetCount > 0 ? example : nil
    }
}

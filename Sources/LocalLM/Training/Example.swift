/// One sequence to train on: prompt ids, then completion ids. Only the completion is a target; its last id is
/// the turn terminator, which is trained too.
public struct Example: Sendable, Equatable {
    /// Prompt, then completion.
    public var ids: [Int]
    /// How many of `ids` belong to the prompt. The id at this index is the first target.
    public var promptCount: Int

    public init(ids: [Int], promptCount: Int) {
        self.ids = ids
        self.promptCount = promptCount
    }

    /// Number of target tokens. A prompt of zero tokens still gives no target for the first id: nothing predicts it.
    public var targetCount: Int { ids.count - max(promptCount, 1) }
}

/// Two completions of one prompt, the first preferred.
public struct PreferenceExample: Sendable, Equatable {
    public var chosen: Example
    public var rejected: Example

    public init(chosen: Example, rejected: Example) {
        self.chosen = chosen
        self.rejected = rejected
    }
}

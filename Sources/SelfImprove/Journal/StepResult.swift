/// The result of a step: a small value that is recorded with it, what it cost, and what it adds to the lineage.
public struct StepResult<Value: Codable & Sendable>: Sendable {
    /// Handed to the steps after this one, also after a restart. Large things (models, datasets) are files; this holds
    /// their digests.
    public var value: Value
    public var usage: Usage
    /// Written in order, in the transaction that marks the step as done.
    public var entries: [LineageEntry]

    public init(value: Value, usage: Usage = Usage(), entries: [LineageEntry] = []) {
        self.value = value
        self.usage = usage
        self.entries = entries
    }

    /// A step that adds only rows.
    public init(value: Value, usage: Usage = Usage(), rows: [any LineageRecord]) {
        self.init(value: value, usage: usage, entries: rows.map(LineageEntry.row))
    }
}

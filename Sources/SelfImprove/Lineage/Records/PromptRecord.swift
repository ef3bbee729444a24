import GRDB
import ModelFiles

/// One instruction of one round. It has no column for an answer: gold answers never come near this table.
public struct PromptRecord: LineageRecord, Equatable {
    public static let databaseTableName = "prompts"

    public var campaign: String
    public var round: Int
    /// From 0, in the order drawn.
    public var position: Int
    /// Unique within the campaign: a prompt is never drawn twice.
    public var id: String
    /// The slice it belongs to.
    public var task: String
    public var messages: [Message]
    /// Of the messages.
    public var sha256: String
}

import GRDB
import ModelFiles

/// One instruction of one round: of a conversation of several turns, one turn of the user with what was said before.
/// It has no column for an answer: gold answers never come near this table.
public struct PromptRecord: LineageRecord, Equatable {
    public static let databaseTableName = "prompts"

    public var campaign: String
    public var round: Int
    /// From 0, in the order drawn; later turns come after all earlier ones.
    public var position: Int
    /// Of the conversation; unique within the campaign: a prompt is never drawn twice.
    public var id: String
    /// From 1.
    public var turn = 1
    /// The slice it belongs to.
    public var task: String
    public var messages: [Message]
    /// Of the messages.
    public var sha256: String
    /// What it asks of an answer's form, in IFEval's form; nil where no judge wants to know.
    public var constraints: JSONText?
    /// What the user says in later turns; nil where this one is the last.
    public var following: [[Message]]?
    /// Nil where it stands in a file, or the nursery made it.
    public var origin: PromptOrigin?
}

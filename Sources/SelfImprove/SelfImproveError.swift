/// What went wrong in a campaign or in its lineage, for a person to read: what, where, what to do, and whether trying
/// again can help.
///
/// A model's misbehaviour (an unparsable verdict, an empty answer) is data and never one of these.
public struct SelfImproveError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Codable {
        /// A configuration that cannot be used; nothing was changed.
        case configuration
        /// An argument that makes no sense: an unknown criterion, a round that is no number.
        case input
        /// A campaign, model, round or file that does not exist.
        case notFound = "not_found"
        /// A name that fits several things.
        case ambiguous
        /// Bytes that are not what their digest or format promises.
        case damaged
        /// A file that cannot be read or written.
        case file
        /// The disk is full.
        case full
        /// The file system is read-only.
        case readOnly = "read_only"
        /// Something else holds what is needed: another runner, another writer.
        case busy
        /// A request that would break the lineage: another configuration under the same name, a rollback to nowhere.
        case refused
        /// A peer behind an endpoint does not answer: worth waiting for.
        case unreachable
        /// One call of a peer has no answer: it costs that answer.
        case unanswered
        /// A peer that may not be asked any more: its budget is spent, or it refuses the key. The campaign is paused.
        case withheld
        /// Asked to stop before the work was done.
        case interrupted
        /// Work that failed: training that diverged, a round without usable data.
        case failed
    }

    public let code: Code
    public let message: String
    /// Where: a path, a campaign, a round, a step.
    public let context: String?
    /// What the person can do about it.
    public let hint: String?
    /// Whether the same request may succeed later without anything being changed.
    public let retryable: Bool

    public init(_ code: Code, _ message: String, context: String? = nil, hint: String? = nil, retryable: Bool = false) {
        self.code = code
        self.message = message
        self.context = context
        self.hint = hint
        self.retryable = retryable
    }

    public var description: String {
        var text = context.map { "\($0): \(message)" } ?? message
        if let hint { text += " (\(hint))" }
        return text
    }
}

/// What went wrong inside `LocalLM`, for a person to read: what, where, and what to do.
public struct LocalLMError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A file that is missing or cannot be read or written.
        case file
        /// A file that could not be written because the disk is full.
        case full
        /// A file that could not be written because its file system is read-only.
        case readOnly
        /// Bytes that are not what their format promises.
        case damaged
        /// Something correct that this program does not support.
        case unsupported
        /// Input that makes no sense: ids out of range, rows without targets, sequences that are too long.
        case input
    }

    public let code: Code
    public let message: String
    /// Where: a path, a tensor, a row.
    public let context: String?
    /// What the person can do about it.
    public let hint: String?

    public init(_ code: Code, _ message: String, context: String? = nil, hint: String? = nil) {
        self.code = code
        self.message = message
        self.context = context
        self.hint = hint
    }

    public var description: String {
        var text = context.map { "\($0): \(message)" } ?? message
        if let hint { text += " (\(hint))" }
        return text
    }
}

/// What went wrong inside `LocalLM`, for a person to read: what, where, and what to do.
///
/// One line of printable text whatever a file put into it: control characters are escaped, and long texts are cut.
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
        self.message = Self.printable(message, Self.longestMessage)
        self.context = context.map { Self.printable($0, Self.longestContext) }
        self.hint = hint.map { Self.printable($0, Self.longestMessage) }
    }

    private static let longestMessage = 1000
    /// A path is up to 4096 bytes long.
    private static let longestContext = 4500

    /// At most so many bytes (a single character may have millions), without what moves a terminal's cursor or begins a
    /// line.
    private static func printable(_ text: String, _ length: Int) -> String {
        func isPlain(_ scalar: Unicode.Scalar) -> Bool {
            if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
            return ![.control, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
        }
        if text.utf8.count <= length && text.unicodeScalars.allSatisfy(isPlain) { return text }
        var result = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            let piece = isPlain(scalar) ? String(scalar) : scalar.escaped(asASCII: true)
            bytes += piece.utf8.count
            guard bytes <= length else { return String(result) + "…" }
            result.append(contentsOf: piece.unicodeScalars)
        }
        return String(result)
    }

    public var description: String {
        var text = context.map { "\($0): \(message)" } ?? message
        if let hint { text += " (\(hint))" }
        return text
    }
}

/// What a parser makes of a text that a model wrote: it always ends, in time linear in the text, and never guesses.
public enum Reading<Value: Sendable & Equatable>: Sendable, Equatable {
    case understood(Value)
    /// The text, cut by `RawText` where it is long.
    case unparsable(raw: String)

    public var value: Value? { if case .understood(let value) = self { value } else { nil } }
}

/// Texts of models as they are kept on record.
enum RawText {
    /// UTF-8 bytes that are kept of the beginning and of the end, where verdicts are.
    static let mostHead = 2048, mostTail = 6144

    /// The text; of a longer one the beginning and the end, with a note of what was left out between them.
    static func bounded(_ text: String) -> String {
        let bytes = text.utf8.count
        guard bytes > mostHead + mostTail else { return text }
        // An index inside of a scalar is rounded down to its beginning.
        let scalars = text.unicodeScalars
        let head = scalars[..<text.utf8.index(text.startIndex, offsetBy: mostHead)]
        let tail = scalars[text.utf8.index(text.endIndex, offsetBy: -mostTail)...]
        let left = bytes - String(head).utf8.count - String(tail).utf8.count
        return "\(String(head))\n[... \(left) bytes left out ...]\n\(String(tail))"
    }

    /// What follows the last `</think>`, which ends the thoughts of a reasoning model; nil where they never end.
    static func conclusion(_ text: String) -> Substring.UnicodeScalarView? {
        let scalars = text[...].unicodeScalars
        var end: String.Index?, opened = false, start = true
        var opening = TagMatch("<think>"), closing = TagMatch("</think>")
        for index in scalars.indices {
            let scalar = scalars[index]
            // Only a text that begins with thoughts can lack their end.
            if start, !opened {
                opened = opening.matches(after: scalar)
                start = opening.isUnderWay || (scalar.properties.isWhitespace && !opened)
            }
            if closing.matches(after: scalar) { end = scalars.index(after: index) }
        }
        if let end { return scalars[end...] }
        return opened ? nil : scalars
    }

    /// Finds a tag scalar by scalar. It begins with the only `<` in it, so that a mismatch restarts it at once.
    private struct TagMatch {
        private let tag: [Unicode.Scalar]
        private var matched = 0

        init(_ tag: String) { self.tag = Array(tag.unicodeScalars) }

        var isUnderWay: Bool { matched > 0 }

        mutating func matches(after scalar: Unicode.Scalar) -> Bool {
            matched = scalar == tag[matched] ? matched + 1 : scalar == tag[0] ? 1 : 0
            guard matched == tag.count else { return false }
            matched = 0
            return true
        }
    }
}

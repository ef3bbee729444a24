/// Texts of endpoints on their way to a person: a log, a page, a terminal.
enum ShownText {
    /// Characters that are shown.
    static let longest = 300
    /// Characters that are looked at.
    private static let most = 4096

    /// On one line, without control characters, terminal escapes, changes of direction and what cannot be seen; without
    /// the key; cut.
    static func of(_ text: String, secret: Secret?) -> String {
        // The key last: what separates its letters must be gone before.
        let plain = plain(String(String.UnicodeScalarView(text.unicodeScalars.prefix(most))))
        let redacted = secret?.redact(in: plain) ?? plain
        let scalars = redacted.unicodeScalars
        guard scalars.count > longest else { return redacted }
        return String(String.UnicodeScalarView(scalars.prefix(longest - 1))) + "…"
    }

    private static func plain(_ text: String) -> String {
        var result = String.UnicodeScalarView(), isAfterSpace = true
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            if scalar == "\u{1B}" || scalar == "\u{9B}" || scalar == "\u{9D}" || scalar == "\u{90}" {
                skipSequence(scalar, &rest)
                continue
            }
            switch scalar.properties.generalCategory {
            case .control where scalar == "\n" || scalar == "\t" || scalar == "\r", .lineSeparator, .paragraphSeparator,
                .spaceSeparator:
                if !isAfterSpace { result.append(" ") }
                isAfterSpace = true
            case .control, .format, .privateUse, .surrogate, .unassigned: break
            default:
                result.append(scalar)
                isAfterSpace = false
            }
        }
        return String(result)
    }

    /// An escape sequence of ECMA-48 goes with its parameters: what is left would read like part of the text. One that
    /// does not end as it should takes nothing with it but its first characters.
    private static func skipSequence(_ opening: Unicode.Scalar, _ rest: inout Substring.UnicodeScalarView) {
        var kind = opening
        if opening == "\u{1B}" {
            guard let next = rest.first, (0x40...0x5F).contains(next.value) else { return }
            rest.removeFirst()
            kind = Unicode.Scalar(next.value + 0x40) ?? next
        }
        if kind == "\u{9B}" {  // CSI: parameters, then one letter
            let end = rest.firstIndex { !(0x20...0x3F).contains($0.value) }
            guard let end, (0x40...0x7E).contains(rest[end].value) else { return }
            rest = rest[rest.index(after: end)...]
        } else if kind == "\u{9D}" || kind == "\u{90}" {  // OSC, DCS: all until BEL or ST
            guard let end = rest.firstIndex(where: { $0 == "\u{7}" || $0 == "\u{9C}" || $0 == "\u{1B}" }) else {
                return
            }
            let isEscape = rest[end] == "\u{1B}"
            rest = rest[rest.index(after: end)...]
            if isEscape, rest.first == "\\" { rest.removeFirst() }
        }
    }
}

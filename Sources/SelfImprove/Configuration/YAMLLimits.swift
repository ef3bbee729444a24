/// What is refused before a YAML parser sees it: texts that are cheap to send and dear to read.
///
/// Quotes and comments are looked into as well, for what is quoted is only known by parsing: a text is refused rather
/// too often.
enum YAMLLimits {
    static let bytes = 64 << 10
    /// Brackets that open, all together: reading them recurses.
    static let brackets = 500
    /// Lists within one another on one line (`- - -`).
    static let dashes = 16

    /// nil for a text that may be read. Anchors and aliases are refused: no configuration needs them, and a few of them
    /// within one another unfold to billions of nodes.
    static func refusal(of yaml: String) -> ConfigurationFault? {
        guard yaml.utf8.count <= bytes else {
            return ConfigurationFault(
                line: nil,
                key: "",
                "is longer than \(bytes >> 10) KiB",
                hint: "a configuration is a page of keys"
            )
        }
        let text = Array(yaml.utf8)
        func isOneOf(_ byte: UInt8, _ characters: StaticString) -> Bool {
            characters.withUTF8Buffer { $0.contains(byte) }
        }
        var line = 1, opened = 0, dashesHere = 0
        for (index, byte) in text.enumerated() {
            let before = index > 0 ? text[index - 1] : UInt8(ascii: "\n"),
                after = index + 1 < text.count ? text[index + 1] : UInt8(ascii: "\n")
            switch byte {
            case UInt8(ascii: "\n"): (line, dashesHere) = (line + 1, 0)
            case UInt8(ascii: "["), UInt8(ascii: "{"): opened += 1
            case UInt8(ascii: "-") where isOneOf(before, " \t\n\r-") && isOneOf(after, " \t\n\r"): dashesHere += 1
            case UInt8(ascii: "&"), UInt8(ascii: "*"):
                guard isOneOf(before, " \t\n\r[]{},:?-\"'"), !isOneOf(after, " \t\n\r") else { break }
                return ConfigurationFault(
                    line: line,
                    key: "",
                    "holds \(byte == UInt8(ascii: "&") ? "an anchor (&)" : "an alias (*)"), which is not read",
                    hint: "write the value out; in comments and quotes leave the sign out, too; a pattern can say {0,}"
                )
            default: break
            }
            if opened > brackets || dashesHere > dashes {
                return ConfigurationFault(
                    line: line,
                    key: "",
                    "opens too many lists within one another",
                    hint: "a configuration is a page of keys"
                )
            }
        }
        return nil
    }
}

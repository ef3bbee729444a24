/// Whether the model that a reply names is the one that was asked.
///
/// Letter case does not count. Either name may have a path before it that the other one has not (`models/gemini-pro`,
/// `meta-llama/Llama-3.1-8B`), and `:latest` or `-latest` behind it. What answers may say more exactly which one it is,
/// by
///
/// - a date or number of three digits or more: `gpt-4o` by `gpt-4o-2024-08-06`, `gemini-1.5-pro` by `-001`;
/// - a version that begins with v: `mistral-7b` by `mistral-7b-v0.3`;
/// - a revision: `org/name` by `org/name@main`, as `transformers serve` says it;
/// - the same for a name asked with `-latest`: `claude-3-5-haiku-latest` by `claude-3-5-haiku-20241022`.
///
/// So `gpt-4o` is not `gpt-4o-mini`, and `llama-3` neither `llama-3.1` nor `llama-3-8b`.
enum ServedModelName {
    /// A name of a directory on the other machine may be long; beyond this it is compared as it is.
    private static let longest = 4096

    static func matches(asked: String, said: String) -> Bool {
        if asked == said { return true }
        guard asked.utf8.count <= longest, said.utf8.count <= longest else { return false }
        let asked = bare(asked), said = bare(said)
        // By paths: the longer one is cut to as many parts as the shorter one has.
        let askedParts = asked.split(separator: "/"), saidParts = said.split(separator: "/")
        let count = min(askedParts.count, saidParts.count)
        guard count > 0 else { return false }
        let wanted = askedParts.suffix(count).joined(separator: "/")
        let given = saidParts.suffix(count).joined(separator: "/")
        guard given.hasPrefix(wanted) else { return false }
        return given.count == wanted.count || isMoreExact(given.utf8.dropFirst(wanted.utf8.count))
    }

    private static func bare(_ name: String) -> String {
        var name = name.lowercased()
        for end in [":latest", "-latest"] where name.hasSuffix(end) {
            name.removeLast(end.count)
            break
        }
        return name
    }

    private static func isMoreExact(_ end: Substring.UTF8View) -> Bool {
        guard let separator = end.first else { return true }
        let rest = end.dropFirst()
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
        switch separator {
        case UInt8(ascii: "@"):
            return !rest.isEmpty && rest.allSatisfy { isDigit($0) || isLetter($0) || "._-".utf8.contains($0) }
        case UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "_"):
            let isVersion = rest.first == UInt8(ascii: "v")
            let digits = isVersion ? rest.dropFirst() : rest
            guard digits.allSatisfy({ isDigit($0) || "._-".utf8.contains($0) }) else { return false }
            return digits.prefix(while: isDigit).count >= (isVersion ? 1 : 3)
        default: return false
        }
    }
}

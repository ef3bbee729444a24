import ModelFiles

/// Which of our optional parameters an error of an endpoint is about.
///
/// Errors name it in a field of their own (OpenAI's `param`, the `loc` of pydantic behind vLLM and others) or in words:
/// "Unsupported parameter: 'seed'", "unknown argument: seed", "`top_p` must be < 1.0". Of several in one sentence the
/// first counts, for what follows is often a list of those that are allowed.
struct ParameterRefusal: Sendable, Equatable {
    var parameters: [OptionalParameter]
    /// The error says to send `max_completion_tokens`.
    var namesNewMaximum: Bool

    /// Nil where the error names none of them.
    init?(_ error: EndpointErrorBody) {
        guard !error.isAboutLength else { return nil }
        let words = error.message.lowercased()
        let isRefusal = Self.refusals.contains { words.contains($0) } || Self.codes.contains(error.code ?? "")
        let isComplaint = isRefusal || Self.complaints.contains { words.contains($0) }
        var found = error.places.compactMap(Self.parameter)
        if error.places.isEmpty, isComplaint { found = Self.first(in: words).map { [$0] } ?? [] }
        // A number of tokens that is too high for this endpoint is no reason to ask for answers without end.
        found.removeAll { $0 == .maximumTokens && !isRefusal }
        guard !found.isEmpty else { return nil }
        parameters = OptionalParameter.allCases.filter(found.contains)
        namesNewMaximum = words.contains(LearntParameters.newName)
    }

    /// In words that say that the parameter as such is not wanted.
    private static let refusals = [
        "unsupported", "not supported", "not support ", "not permitted", "not allowed", "unrecognized", "unrecognised",
        "unknown", "unexpected", "extra inputs", "extra fields", "extra_forbidden", "not implemented", "not available",
        "not accept", "additional propert", "no longer supported", "deprecated",
    ]
    private static let codes: Set<String> = ["unsupported_parameter", "unknown_parameter", "extra_forbidden"]
    /// In words that may be about its value.
    private static let complaints = [
        "must be", "should be", "invalid", "out of range", "only the default", "cannot be",
    ]

    private static func parameter(_ name: String) -> OptionalParameter? {
        name == LearntParameters.newName ? .maximumTokens : OptionalParameter(rawValue: name)
    }

    /// The first of our names that stands there as a word. `stop` is a word of English too, and counts in quotes or
    /// after a colon only.
    private static func first(in words: String) -> OptionalParameter? {
        let bytes = Array(words.utf8)
        func isLetter(_ byte: UInt8) -> Bool {
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
        }
        var position = 0
        while position < bytes.count {
            guard isLetter(bytes[position]) else { position += 1; continue }
            let start = position
            while position < bytes.count, isLetter(bytes[position]) { position += 1 }
            guard let found = parameter(String(decoding: bytes[start..<position], as: UTF8.self)) else { continue }
            if found != .stop { return found }
            let before = bytes[..<start].last { $0 != 0x20 }
            if before.map({ "'\"`:[(".utf8.contains($0) }) ?? true { return found }
        }
        return nil
    }
}

/// Normalizer, pre-tokenizer and decoder: lists of steps; a `Sequence` holds several.
extension TokenizerFile {
    private static let mostSteps = 32
    /// Texts that replace others, so that no file makes text grow beyond what memory holds.
    private static let longestText = 64
    private static let mostGrowth = 32

    /// The parts of a `Sequence`, or the only one.
    private static func steps(_ value: JSONValue, _ list: String) throws -> [JSONValue] {
        guard value["type"]?.string == "Sequence" else { return [value] }
        guard let parts = value[list]?.array else { throw damaged("a Sequence without its \(list)") }
        var steps: [JSONValue] = []
        for part in parts {
            guard part["type"]?.string != "Sequence" else {
                throw LocalLMError(.unsupported, "unsupported Sequence inside of a Sequence in tokenizer.json")
            }
            steps.append(part)
        }
        guard steps.count <= mostSteps else {
            throw damaged("a Sequence of \(steps.count) \(list) (at most \(mostSteps))")
        }
        return steps
    }

    private static func text(_ value: JSONValue?, _ what: String) throws -> [UInt8] {
        guard let text = value?.string, text.utf8.count <= longestText else {
            throw damaged("\(what) is not a text of at most \(longestText) bytes")
        }
        return Array(text.utf8)
    }

    private static func scalar(_ value: JSONValue?, _ what: String) throws -> [UInt8] {
        guard let text = value?.string, text.unicodeScalars.count == 1 else {
            throw damaged("\(what) is not one character")
        }
        return Array(text.utf8)
    }

    /// `{"String": "text"}`.
    private static func literal(_ step: JSONValue, _ what: String) throws -> [UInt8] {
        guard let pattern = step["pattern"], pattern["Regex"] == nil else {
            throw LocalLMError(
                .unsupported,
                "unsupported regular expression in \(what) in tokenizer.json",
                hint: "supported: a text"
            )
        }
        let text = try text(pattern["String"], "the pattern of \(what)")
        guard !text.isEmpty else {
            throw LocalLMError(.unsupported, "unsupported empty pattern in \(what) in tokenizer.json")
        }
        return text
    }

    private static func replacement(_ step: JSONValue, _ what: String, _ growth: inout Int) throws -> (
        pattern: [UInt8], content: [UInt8]
    ) {
        let pattern = try literal(step, what), content = try text(step["content"], "the content of \(what)")
        growth *= max(1, (content.count + pattern.count - 1) / pattern.count)
        guard growth <= mostGrowth else { throw damaged("text would grow more than \(mostGrowth) times") }
        return (pattern, content)
    }

    static func normalizer(_ value: JSONValue) throws -> Normalizer {
        var growth = 1
        return Normalizer(
            steps: try steps(value, "normalizers").map { step in
                switch step["type"]?.string {
                case "Prepend": return .prepend(try text(step["prepend"], "Prepend"))
                case "Replace":
                    let (pattern, content) = try replacement(step, "the normalizer Replace", &growth)
                    return .replace(pattern, with: content)
                case "Lowercase": return .lowercase
                case "Strip":
                    return .strip(left: step["strip_left"]?.bool ?? false, right: step["strip_right"]?.bool ?? false)
                case let name?:
                    if let form = UnicodeNormalization.Form(rawValue: name) {
                        return .unicode(UnicodeNormalization(form))
                    }
                    fallthrough
                default:
                    throw unsupported(
                        "normalizer",
                        step,
                        supported: "NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip and a Sequence of them"
                    )
                }
            }
        )
    }

    static func preTokenizer(_ value: JSONValue?) throws -> (PreTokenizer, isByteLevel: Bool) {
        guard let value else { return (PreTokenizer(steps: []), false) }
        var steps: [PreTokenizer.Step] = []
        var isByteLevel = false
        for step in try self.steps(value, "pretokenizers") {
            guard !isByteLevel else {
                throw unsupported("pre-tokenizer after ByteLevel", step, supported: "ByteLevel at the end")
            }
            switch step["type"]?.string {
            case "ByteLevel":
                isByteLevel = true
                if step["add_prefix_space"]?.bool ?? true { steps.append(.prefixSpace) }
                if step["use_regex"]?.bool ?? true { steps.append(.pattern(.gpt2)) }
            case "Split": try split(step).map { steps.append($0) }
            case "Digits": steps.append(.digits(step["individual_digits"]?.bool ?? false ? .isolated : .contiguous))
            case "Metaspace": steps.append(.metaspace(try metaspace(step)))
            default:
                throw unsupported(
                    "pre-tokenizer",
                    step,
                    supported: "ByteLevel, Split, Digits, Metaspace and a Sequence of them"
                )
            }
        }
        return (PreTokenizer(steps: steps), isByteLevel)
    }

    /// Nil for a split that does nothing.
    private static func split(_ step: JSONValue) throws -> PreTokenizer.Step? {
        guard let name = step["behavior"]?.string, let behavior = PreTokenizer.SplitBehavior(rawValue: name) else {
            throw damaged("a Split without a known behavior")
        }
        let inverts = step["invert"]?.bool ?? false
        guard let expression = step["pattern"]?["Regex"]?.string else {
            if inverts { throw LocalLMError(.unsupported, "unsupported inverted Split at a text in tokenizer.json") }
            return .literal(try literal(step, "the pre-tokenizer Split"), behavior)
        }
        guard let pattern = SplitPattern(regularExpression: expression) else {
            throw LocalLMError(
                .unsupported,
                "unsupported regular expression \(expression.prefix(200)) in tokenizer.json",
                hint: "supported: the split patterns of GPT-2, Llama 3 and Qwen 2"
            )
        }
        // All of the text is matches, so that most behaviors come to the same.
        switch (behavior, inverts) {
        case (.removed, false):
            throw LocalLMError(.unsupported, "unsupported Split that removes all of the text in tokenizer.json")
        case (.contiguous, _): return nil
        default: return .pattern(pattern)
        }
    }

    private static func metaspace(_ step: JSONValue) throws -> PreTokenizer.Metaspace {
        var prepending = PreTokenizer.Metaspace.Prepending.always
        if let name = step["prepend_scheme"] {
            guard let known = name.string.flatMap(PreTokenizer.Metaspace.Prepending.init) else {
                throw damaged("Metaspace with an unknown prepend_scheme")
            }
            prepending = known
        }
        if step["add_prefix_space"]?.bool == false {
            guard step["prepend_scheme"] == nil || prepending == .never else {
                throw damaged("add_prefix_space contradicts prepend_scheme")
            }
            prepending = .never
        }
        return PreTokenizer.Metaspace(
            replacement: try scalar(step["replacement"], "the replacement of Metaspace"),
            prepending: prepending,
            splits: step["split"]?.bool ?? true
        )
    }

    /// Steps on single tokens, then one that joins, then `Fuse` and what strips the start of the whole. Other orders
    /// are not in use.
    static func decoder(_ value: JSONValue?) throws -> TokenDecoder {
        guard let value else {
            return TokenDecoder(steps: [], joining: .plain(separator: [UInt8(ascii: " ")]), stripped: nil)
        }
        var steps: [TokenDecoder.Step] = []
        var joining: TokenDecoder.Joining?
        var stripped: (part: [UInt8], count: Int)?
        var isFused = false
        var growth = 1
        for step in try self.steps(value, "decoders") {
            func later() -> LocalLMError {
                LocalLMError(
                    .unsupported,
                    "unsupported decoder \(step["type"]?.string ?? "") at this place in tokenizer.json"
                )
            }
            guard stripped == nil else { throw later() }
            switch step["type"]?.string {
            case "Replace":
                guard joining == nil, !isFused else { throw later() }
                let (pattern, content) = try replacement(step, "the decoder Replace", &growth)
                steps.append(.replace(pattern, with: content))
            case "Metaspace":
                guard joining == nil, !isFused else { throw later() }
                let metaspace = try metaspace(step)
                steps.append(.metaspace(metaspace.replacement, dropsFirst: metaspace.prepending != .never))
            case "Strip":
                let part = try scalar(step["content"], "the content of Strip")
                guard let left = step["start"]?.integer, let right = step["stop"]?.integer,
                    (0...longestText).contains(left), (0...longestText).contains(right)
                else { throw damaged("the decoder Strip without start and stop up to \(longestText)") }
                if isFused {
                    guard right == 0 else { throw later() }
                    stripped = (part, left)
                } else {
                    guard joining == nil else { throw later() }
                    steps.append(.strip(part, left: left, right: right))
                }
            case "ByteFallback":
                guard joining == nil, !isFused else { throw later() }
                joining = .byteFallback
            case "ByteLevel":
                guard joining == nil, !isFused else { throw later() }
                joining = .byteLevel
            case "Fuse":
                if case .byteLevel = joining { throw later() }
                isFused = true
            default:
                throw unsupported(
                    "decoder",
                    step,
                    supported: "ByteLevel, ByteFallback, Fuse, Metaspace, Replace, Strip and a Sequence of them"
                )
            }
        }
        return TokenDecoder(steps: steps, joining: joining ?? .plain(separator: []), stripped: stripped)
    }
}

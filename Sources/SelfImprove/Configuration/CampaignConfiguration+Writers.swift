/// How the entries of `prompts.sources` are read: files, and models that write.
extension CampaignConfiguration {
    /// `file`, or how a model writes.
    private enum SourceKind: String, CaseIterable {
        case file
        case selfInstruct = "self_instruct"
        case magpie

        var writer: PromptWriter.Kind? { PromptWriter.Kind(rawValue: rawValue) }

        /// Beside `kind` and `share`.
        var keys: [String] {
            switch self {
            case .file: ["file"]
            case .selfInstruct: Self.writing + ["seeds", "shown", "prompt"]
            case .magpie: Self.writing + ["prefix", "stop"]
            }
        }

        private static let writing = ["name", "model", "temperature", "top_p", "maximum_tokens"]
    }

    static func share(_ section: ConfigurationSection, _ files: ConfigurationFiles) -> PromptShare {
        defer { section.finish() }
        let kind: SourceKind = section.choice("kind", default: .file)
        for key in Set(SourceKind.allCases.flatMap(\.keys)).sorted()
        where section.has(key) && !kind.keys.contains(key) {
            _ = section.isOff(key)  // it is known, and told once
            section.fault(
                key,
                "means nothing with kind: \(kind.rawValue)",
                hint: "\(kind.rawValue) has \(kind.keys.joined(separator: ", "))"
            )
        }
        let share = section.number("share", default: 1, .aboveZero)
        guard let written = kind.writer else {
            return PromptShare(origin: .file(files.absolute(section.string("file"))), share: share)
        }
        return PromptShare(origin: .writer(writer(section, written, files)), share: share)
    }

    private static func writer(_ section: ConfigurationSection, _ kind: PromptWriter.Kind, _ files: ConfigurationFiles)
        -> PromptWriter
    {
        PromptWriter(
            name: section.string("name", default: kind.rawValue),
            kind: kind,
            model: Participant.model(section.string("model")),
            temperature: section.number("temperature", default: 1, .through(0, 5)),
            topP: section.number("top_p", default: 1, .fractionAboveZero),
            maximumTokens: section.integer("maximum_tokens", default: 256, in: 1...1_000_000),
            examples: kind == .selfInstruct ? examples(section, files) : nil,
            opening: kind == .magpie && section.has("prefix")
                ? PromptWriter.Opening(prefix: section.string("prefix"), stop: section.strings("stop", default: []))
                : nil
        )
    }

    private static func examples(_ section: ConfigurationSection, _ files: ConfigurationFiles) -> PromptWriter.Examples
    {
        PromptWriter.Examples(
            seeds: section.isOff("seeds") ? nil : files.absolute(section.string("seeds")),
            shown: section.integer("shown", default: 8, in: 1...64),
            prompt: section.isOff("prompt")
                ? .standard
                : section.words("prompt", section.string("prompt"), files, InstructionPrompt.init(name:words:))
                    ?? .standard
        )
    }
}

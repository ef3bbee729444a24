/// How judges, and what they are asked about, are read.
extension CampaignConfiguration {
    static func judges(_ root: ConfigurationSection, _ peers: [Peer], _ files: ConfigurationFiles)
        -> [JudgeConfiguration]
    {
        guard let sections = root.sections("judges") else { return [JudgeConfiguration(kind: .agreement, models: [])] }
        return sections.map { section in
            defer { section.finish() }
            let kind: JudgeConfiguration.Kind = section.choice("kind", default: nil)
            return JudgeConfiguration(
                kind: kind,
                name: section.isOff("name") ? nil : section.string("name"),
                models: section.strings("models", default: kind == .likelihood ? peers.map(\.name) : []),
                written: kind == .written ? written(section, files) : nil
            )
        }
    }

    private static func written(_ section: ConfigurationSection, _ files: ConfigurationFiles)
        -> JudgeConfiguration.Written
    {
        let aggregator = section.string("aggregator")
        return JudgeConfiguration.Written(
            criteria: section.string("criteria", default: aggregator),
            proposers: section.strings("proposers", default: []),
            aggregator: aggregator,
            temperature: section.number("temperature", default: 0, .through(0, 5)),
            maximumTokens: section.integer("maximum_tokens", default: 1024, in: 1...1_000_000),
            prompts: section.isOff("prompts") ? nil : prompts(section.section("prompts"), files)
        )
    }

    /// Files whose words become part of the configuration.
    private static func prompts(_ section: ConfigurationSection, _ files: ConfigurationFiles) -> [String: JudgeWords]? {
        defer { section.finish() }
        var own: [String: JudgeWords] = [:]
        for part in JudgePrompts.parts where !section.isOff(part) { own[part] = words(section, part, files) }
        return own.isEmpty ? nil : own
    }

    private static func words(_ section: ConfigurationSection, _ part: String, _ files: ConfigurationFiles)
        -> JudgeWords?
    {
        section.words(part, section.string(part), files, outside: "a file in the state directory") { name, words in
            let file = JudgeWords(name: name, words: words)
            _ = try JudgePrompts(own: [part: file])
            return file
        }
    }

    /// `all`, or how many of a prompt's pairs.
    static func pairs(_ dpo: ConfigurationSection) -> PairSelection {
        if !dpo.has("pairs") || dpo.isWord("pairs", "all") { return .all }
        return .budget(dpo.integer("pairs", in: 1...2016))
    }
}

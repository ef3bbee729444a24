import LocalLM

/// What `prompts` says beside a source and a number, and how it is read.
extension CampaignConfiguration {
    /// What counts as an overlap with a held-out set: see `Decontamination`.
    public struct DecontaminationSettings: Sendable, Equatable, Codable {
        /// Words in a row.
        public var ngram: Int
        /// What more held-out rows hold is the wording of a task and does not count; nil: all counts.
        public var commonRows: Int?

        /// As in GPT-3 (arXiv 2005.14165, appendix C), which passes over n-grams of more than 10 documents.
        public static let standardCommonRows = 10
        static let standard = DecontaminationSettings(ngram: 13, commonRows: standardCommonRows)
    }

    /// When a prompt is like another.
    public struct NearDuplicateSettings: Sendable, Equatable, Codable {
        public enum Method: String, Sendable, Codable, CaseIterable {
            /// `NearDuplicates`: every pair is compared.
            case rougeL = "rouge_l"
            /// `MinHash`: linear in the prompts.
            case minHash = "minhash"
        }

        public var method: Method
        /// ROUGE-L F, or the Jaccard index of shingles: from here on.
        public var threshold: Double

        /// Prompts of all files with which `rouge_l` still takes seconds.
        public static let mostCompared = 20_000
        /// Self-Instruct's threshold (arXiv 2212.10560, section 2.2), for all scripts.
        static let standard = NearDuplicateSettings(method: .minHash, threshold: 0.7)
    }

    public enum PromptWeighting: String, Sendable, Codable, CaseIterable {
        /// More of the tasks in which the champion said something else than the mixture: see `PromptWeights`.
        case headroom
    }

    public enum PromptTurns: String, Sendable, Codable, CaseIterable {
        /// The last one, after the conversation as its file has it.
        case last
        /// One after the other, each after the mixture's own answers to those before it: see `ConversationTurns`.
        case every
    }

    /// The key of everything random in one step.
    func key(_ round: Int, _ step: StepName) -> UInt64 {
        RandomKey.derive(RandomKey.derive(RandomKey.derive(seed, "round"), UInt64(round)), step.rawValue)
    }

    // MARK: Reading

    static func prompts(_ section: ConfigurationSection, _ files: ConfigurationFiles, usesNursery: Bool) -> Prompts {
        defer { section.finish() }
        let shares = shares(section, files)
        let first = shares.map { PromptSource.file($0.compactMap(\.file).first ?? "") }
        let isWritten = shares?.contains { $0.writer != nil } ?? false
        return Prompts(
            source: first ?? source(section, "source", files, usesNursery: usesNursery),
            perRound: section.integer("per_round", default: 5000, in: 1...10_000_000),
            sources: shares,
            decontaminate: setting("decontaminate", section, isWritten ? .standard : nil, decontamination),
            nearDuplicates: setting("near_duplicates", section, isWritten ? .standard : nil, nearDuplicates),
            weightBy: section.isOff("weight_by") ? nil : section.choice("weight_by", default: nil),
            turns: section.choice("turns", default: .last)
        )
    }

    /// - Parameter standard: where the key is absent; nil: off, and then it may be off, too.
    private static func setting<Value>(
        _ key: String,
        _ section: ConfigurationSection,
        _ standard: Value?,
        _ read: (ConfigurationSection) -> Value
    ) -> Value? {
        if !section.isOff(key) { return read(section.section(key)) }
        if standard != nil, section.has(key) {
            section.fault(key, "is off, but models write prompts", hint: "leave it out for its standard, or give one")
        }
        return standard
    }

    private static func shares(_ section: ConfigurationSection, _ files: ConfigurationFiles) -> [PromptShare]? {
        if section.isOff("sources") { return nil }
        let shares = (section.sections("sources") ?? []).map { share($0, files) }
        if section.has("source") {
            section.fault("sources", "stand beside source", hint: "one of the two says where prompts come from")
            _ = section.string("source", default: "")
        } else if shares.isEmpty, !section.faults.holdsFault(in: section.full("sources")) {
            section.fault("sources", "is empty", hint: "a list such as [{file: a.jsonl, share: 0.6}, {file: b.jsonl}]")
        }
        // What is wrong has been told; nothing more need be said of a source that is missing.
        return shares.isEmpty ? [PromptShare(origin: .file(""), share: 1)] : shares
    }

    private static func decontamination(_ section: ConfigurationSection) -> DecontaminationSettings {
        defer { section.finish() }
        let standard = DecontaminationSettings.standardCommonRows
        return DecontaminationSettings(
            ngram: section.integer("ngram", default: 13, in: 2...1000),
            commonRows: section.has("common_rows")
                ? section.optionalInteger("common_rows", in: 1...10_000_000) : standard
        )
    }

    private static func nearDuplicates(_ section: ConfigurationSection) -> NearDuplicateSettings {
        defer { section.finish() }
        return NearDuplicateSettings(
            method: section.choice("method", default: .minHash),
            threshold: section.number("threshold", default: 0.7, .fractionAboveZero)
        )
    }

    /// A list of languages, or `all` that are known.
    static func refusals(_ filters: ConfigurationSection) -> [String] {
        let key = "refusals", known = Refusal.languages
        if filters.isWord(key, "all") { return known }
        if filters.has(key), filters.isOff(key) { return [] }
        let languages = filters.strings(key, default: Mixture.Filters.standardRefusals)
        for language in languages where !known.contains(language) {
            filters.fault(key, "names \"\(language)\"", hint: "all, or some of \(known.joined(separator: ", "))")
        }
        return languages
    }
}

extension CampaignConfiguration.Prompts {
    /// What prompts come from, with what each gives; empty for the nursery.
    var shares: [PromptShare] {
        if let sources { return sources }
        guard case .file(let path) = source else { return [] }
        return [PromptShare(origin: .file(path), share: 1)]
    }

    var files: [String] { shares.compactMap(\.file) }
    var writers: [PromptWriter] { shares.compactMap(\.writer) }
}

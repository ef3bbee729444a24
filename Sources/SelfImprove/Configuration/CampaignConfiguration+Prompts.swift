import LocalLM

/// What `prompts` says beside a source and a number, and how it is read.
extension CampaignConfiguration {
    /// A file and how much of a round comes from it.
    public struct PromptShare: Sendable, Equatable, Codable {
        public var file: String
        /// Against the other files': they need not add up to 1.
        public var share: Double
    }

    /// What counts as an overlap with a held-out set: see `Decontamination`.
    public struct DecontaminationSettings: Sendable, Equatable, Codable {
        /// Words in a row.
        public var ngram: Int
        /// What more held-out rows hold is the wording of a task and does not count; nil: all counts.
        public var commonRows: Int?

        /// As in GPT-3 (arXiv 2005.14165, appendix C), which passes over n-grams of more than 10 documents.
        public static let standardCommonRows = 10
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
        let first = shares?.first.map { PromptSource.file($0.file) }
        return Prompts(
            source: first ?? source(section, "source", files, usesNursery: usesNursery),
            perRound: section.integer("per_round", default: 5000, in: 1...10_000_000),
            sources: shares,
            decontaminate: section.isOff("decontaminate") ? nil : decontamination(section.section("decontaminate")),
            nearDuplicates: section.isOff("near_duplicates") ? nil : nearDuplicates(section.section("near_duplicates")),
            weightBy: section.isOff("weight_by") ? nil : section.choice("weight_by", default: nil),
            turns: section.choice("turns", default: .last)
        )
    }

    private static func shares(_ section: ConfigurationSection, _ files: ConfigurationFiles) -> [PromptShare]? {
        if section.isOff("sources") { return nil }
        let shares = (section.sections("sources") ?? []).map { section in
            defer { section.finish() }
            return PromptShare(
                file: files.absolute(section.string("file")),
                share: section.number("share", default: 1, .aboveZero)
            )
        }
        if section.has("source") {
            section.fault("sources", "stand beside source", hint: "one of the two says where prompts come from")
            _ = section.string("source", default: "")
        } else if shares.isEmpty, !section.faults.holdsFault(in: section.full("sources")) {
            section.fault("sources", "is empty", hint: "a list such as [{file: a.jsonl, share: 0.6}, {file: b.jsonl}]")
        }
        // What is wrong has been told; nothing more need be said of a source that is missing.
        return shares.isEmpty ? [PromptShare(file: "", share: 1)] : shares
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
    /// The files that prompts are drawn from, with what each gives; empty for the nursery.
    var shares: [CampaignConfiguration.PromptShare] {
        if let sources { return sources }
        guard case .file(let path) = source else { return [] }
        return [CampaignConfiguration.PromptShare(file: path, share: 1)]
    }

    var files: [String] { shares.map(\.file) }
}

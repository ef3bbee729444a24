/// What the bearer of a name does in a campaign: where its prompts, drafts and verdicts are to be looked for.
public struct QuarantineScope: Sendable, Equatable, Codable {
    /// Sources of prompts for which it writes.
    public var writers: [String] = []
    /// Names under which it drafts.
    public var proposers: [String] = []
    /// Names under which it aggregates.
    public var aggregators: [String] = []
    /// Whether its confidence orders drafts.
    public var scores = false
    /// Judges that it is, or has a part in.
    public var judges: [String] = []
    /// Judges that hold samples against the mixture's answer: their verdicts carry what the answer carries.
    public var answerJudges: [String] = []

    public init() {}

    /// - Parameter name: a peer's, a proposer's, a judge's, or that of a source of prompts. A peer
    ///   is every participant of its model.
    /// - Throws: `.notFound`, with the names that there are. The champion is none of them: a rollback undoes what it
    ///   wrote.
    public init(of name: String, in configuration: CampaignConfiguration) throws {
        let names = Self.names(in: configuration)
        guard names.contains(name) else {
            throw SelfImproveError(
                .notFound,
                "unknown peer, proposer, judge or source of prompts \"\(name.prefix(80))\"",
                context: configuration.campaign,
                hint: "there are: \(names.joined(separator: ", "))"
                    + (name == Participant.champion.name ? "; a rollback undoes what the champion did" : "")
            )
        }
        func isMeant(_ participant: Participant) -> Bool {
            participant.name == name || Participant.text(participant.model) == name
        }
        let mixture = configuration.mixture
        writers = configuration.prompts.writers.filter {
            $0.name == name || Participant.text($0.model) == name
        }.map(\.name)
        proposers = Set(mixture.proposers.filter(isMeant).map(\.name)).sorted()
        aggregators = [mixture.aggregator.participant].compactMap { $0 }.filter(isMeant).map(\.name)
        scores = mixture.confidence == .peers && configuration.scorers.contains(name)
        judges = configuration.judges.filter {
            $0.label == name || $0.models.contains(name) || $0.written?.models.contains(name) == true
        }.map(\.label)
        answerJudges = configuration.judges.filter { $0.kind == .agreement }.map(\.label)
    }

    /// Everyone that can be put in quarantine, in the order of the alphabet.
    static func names(in configuration: CampaignConfiguration) -> [String] {
        var names = Set(configuration.peers.map(\.name) + configuration.judges.map(\.label))
        let mixture = configuration.mixture
        for participant in mixture.proposers + [mixture.aggregator.participant].compactMap({ $0 }) {
            names.formUnion([participant.name, Participant.text(participant.model)])
        }
        for judge in configuration.judges { names.formUnion(judge.written?.models ?? []) }
        for writer in configuration.prompts.writers { names.formUnion([writer.name, Participant.text(writer.model)]) }
        return names.subtracting([Participant.champion.name]).sorted()
    }

    /// Names of what it does, for people.
    public var words: String {
        var parts: [String] = []
        if !writers.isEmpty { parts.append("writer of prompts (\(writers.joined(separator: ", ")))") }
        if !proposers.isEmpty { parts.append("proposer") }
        if !aggregators.isEmpty { parts.append("aggregator") }
        if scores { parts.append("scorer of drafts") }
        if !judges.isEmpty { parts.append("judge (\(judges.joined(separator: ", ")))") }
        return parts.isEmpty ? "no part in the campaign" : parts.joined(separator: ", ")
    }
}

extension QuarantineScope {
    /// What is not there stands for its default: quarantines of earlier versions knew no writers.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        writers = try fields.decodeIfPresent([String].self, forKey: .writers) ?? []
        proposers = try fields.decode([String].self, forKey: .proposers)
        aggregators = try fields.decode([String].self, forKey: .aggregators)
        scores = try fields.decode(Bool.self, forKey: .scores)
        judges = try fields.decode([String].self, forKey: .judges)
        answerJudges = try fields.decode([String].self, forKey: .answerJudges)
    }
}

/// What the bearer of a name does in a campaign: where its drafts and verdicts are to be looked for.
public struct QuarantineScope: Sendable, Equatable, Codable {
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

    /// - Parameter name: a peer's, a proposer's or a judge's. A peer is every participant of its model.
    /// - Throws: `.notFound`, with the names that there are. The champion is none of them: a rollback undoes what it
    ///   wrote.
    public init(of name: String, in configuration: CampaignConfiguration) throws {
        let names = Self.names(in: configuration)
        guard names.contains(name) else {
            throw SelfImproveError(
                .notFound,
                "unknown peer, proposer or judge \"\(name.prefix(80))\"",
                context: configuration.campaign,
                hint: "there are: \(names.joined(separator: ", "))"
                    + (name == Participant.champion.name ? "; a rollback undoes what the champion did" : "")
            )
        }
        func isMeant(_ participant: Participant) -> Bool {
            participant.name == name || Participant.text(participant.model) == name
        }
        let mixture = configuration.mixture
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
        return names.subtracting([Participant.champion.name]).sorted()
    }

    /// Names of what it does, for people.
    public var words: String {
        var parts: [String] = []
        if !proposers.isEmpty { parts.append("proposer") }
        if !aggregators.isEmpty { parts.append("aggregator") }
        if scores { parts.append("scorer of drafts") }
        if !judges.isEmpty { parts.append("judge (\(judges.joined(separator: ", ")))") }
        return parts.isEmpty ? "no part in the campaign" : parts.joined(separator: ", ")
    }
}

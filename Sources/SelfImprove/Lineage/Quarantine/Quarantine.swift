/// A peer whose drafts and verdicts are not trusted: rows that carry them are left out of the replay.
///
/// The quarantines of a campaign are a fold over its events: `quarantined` places one, in place of an earlier one of
/// the same peer, and `quarantineLifted` takes it away. No row is changed. A round honours those that were in force
/// when it began (`RoundRecord.quarantines`), so that a step that runs again draws the same rows.
public struct Quarantine: Sendable, Equatable, Codable {
    /// From when on, as a person says it.
    public enum Since: Sendable, Equatable {
        /// What the peer wrote in this round and later ones.
        case round(Int)
        /// What was recorded at this moment or later.
        case moment(Moment)
    }

    /// The first round whose drafts, answers and verdicts are meant. A moment may lie between the steps of a round.
    public struct FirstRounds: Sendable, Equatable, Codable {
        public var drafts: Int
        public var answers: Int
        public var verdicts: Int

        public init(drafts: Int, answers: Int, verdicts: Int) {
            self.drafts = drafts
            self.answers = answers
            self.verdicts = verdicts
        }

        public init(_ round: Int) { self.init(drafts: round, answers: round, verdicts: round) }
    }

    /// A peer's name, a proposer's, a judge's, or that of a source of prompts.
    public var peer: String
    /// Nil: from the beginning.
    public var since: Since?
    public var reason: String?
    /// Who placed it: a user of the system, or `http`.
    public var actor: String
    /// What the peer does in the campaign.
    public var scope: QuarantineScope
    /// What `since` meant when it was placed: nothing that is computed later depends on a clock.
    public var first: FirstRounds

    public init(
        peer: String,
        since: Since? = nil,
        reason: String? = nil,
        actor: String,
        scope: QuarantineScope,
        first: FirstRounds
    ) {
        self.peer = peer
        self.since = since
        self.reason = reason
        self.actor = actor
        self.scope = scope
        self.first = first
    }

    /// What status, lineage and page say of it.
    public struct Notice: Sendable, Equatable, Codable {
        public var peer: String
        public var since: Since?
        public var reason: String?

        public init(peer: String, since: Since? = nil, reason: String? = nil) {
            self.peer = peer
            self.since = since
            self.reason = reason
        }

        /// `letters since round 2: its weights were swapped`
        public var words: String { "\(peer)\(since.map { " since \($0)" } ?? "")\(reason.map { ": \($0)" } ?? "")" }
    }

    public var notice: Notice { Notice(peer: peer, since: since, reason: reason) }
}

/// A number, or a moment in ISO 8601.
extension Quarantine.Since: Codable, CustomStringConvertible {
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let round = try? value.decode(Int.self) {
            self = .round(round)
        } else {
            self = .moment(try value.decode(Moment.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .round(let round): try value.encode(round)
        case .moment(let moment): try value.encode(moment)
        }
    }

    /// For people.
    public var description: String {
        switch self {
        case .round(let round): "round \(round)"
        case .moment(let moment): "\(moment)"
        }
    }
}

/// What carries what the peer wrote, row by row. `QuarantineTaint` asks the database the same.
extension Quarantine {
    /// Whether the peer wrote the prompt. An answer carries its prompt.
    public func carries(_ prompt: PromptRecord) -> Bool {
        prompt.round >= max(first.drafts, 1) && prompt.origin.map { scope.writers.contains($0.source) } == true
    }

    public func carries(_ draft: DraftRecord) -> Bool {
        draft.round >= max(first.drafts, 1) && scope.proposers.contains(draft.proposer)
    }

    /// Whether the peer wrote the answer, or scored the drafts that it was made of. An answer also carries the drafts
    /// to its prompt.
    public func carries(_ answer: AnswerRecord) -> Bool {
        guard answer.round >= max(first.answers, 1) else { return false }
        return answer.aggregator.map(scope.aggregators.contains) == true || scope.scores && answer.confidence != nil
    }
}

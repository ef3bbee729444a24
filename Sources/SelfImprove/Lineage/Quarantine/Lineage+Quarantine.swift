import Foundation
import GRDB

/// What a person asks for: a peer into quarantine, or out of it.
public struct QuarantineRequest: Sendable, Codable {
    public var peer: String
    /// A round's number, or a moment in ISO 8601; nil: from the beginning.
    public var since: String?
    public var reason: String?
    public var lift: Bool
    /// Who asks.
    public var actor: String

    public init(peer: String, since: String? = nil, reason: String? = nil, lift: Bool = false, actor: String) {
        self.peer = peer
        self.since = since
        self.reason = reason
        self.lift = lift
        self.actor = actor
    }
}

/// The data of the events `quarantined` and `quarantineLifted`.
struct QuarantineNote: Codable {
    /// Who did it, and why: of a quarantine that is lifted, who lifted it.
    var actor: String
    var reason: String?
    var quarantine: Quarantine
    /// What carried the peer's drafts and verdicts then, all rounds together.
    var counts: QuarantineReport.Counts
}

/// Placing and lifting quarantines, also while the campaign runs: its next round honours them. Nothing is deleted.
extension Lineage {
    /// Those in force, by peer.
    public func quarantines(_ campaign: String) throws -> [Quarantine] {
        try read { try Quarantine.inForce(campaign, $0) }
    }

    /// - Returns: what the quarantine comes to, and whether this request changed anything.
    /// - Throws: `.notFound` for a name that nobody bears, and for a round that was not begun; `.input` for a `since`
    ///   that is no moment or lies in the future; `.refused` where another request changed the same one meanwhile.
    public func quarantine(_ name: String, _ request: QuarantineRequest, at now: Date) throws -> QuarantineReport {
        let record = try campaign(name)
        for (text, what) in [(request.reason ?? "", "reason"), (request.actor, "actor")] where text.count > 1000 {
            throw SelfImproveError(.input, "has \(text.count) characters", context: what, hint: "at most 1000")
        }
        let known = try quarantines(name).first { $0.peer == request.peer }
        return try request.lift ? lift(known, record, request, now) : place(known, record, request, now)
    }

    private func place(_ known: Quarantine?, _ record: CampaignRecord, _ request: QuarantineRequest, _ now: Date) throws
        -> QuarantineReport
    {
        let since = try request.since.map { try self.since($0, record.name, now: now) }
        let wanted = Quarantine(
            peer: request.peer,
            since: since,
            reason: request.reason,
            actor: request.actor,
            scope: try QuarantineScope(of: request.peer, in: record.configuration()),
            first: try firstRounds(since, record.name)
        )
        if let known, known.since == since, request.reason == nil || request.reason == known.reason {
            return try quarantineReport(known, record, .none, inForce: true)
        }
        let report = try quarantineReport(wanted, record, known == nil ? .placed : .changed, inForce: true)
        try write(.quarantined, wanted, request, report.total, instead: known, of: record.name, at: now)
        return report
    }

    private func lift(_ known: Quarantine?, _ record: CampaignRecord, _ request: QuarantineRequest, _ now: Date) throws
        -> QuarantineReport
    {
        guard request.since == nil else {
            throw SelfImproveError(.input, "a quarantine is lifted as a whole", hint: "leave since out")
        }
        guard let known else {
            let none = Quarantine(
                peer: request.peer,
                actor: request.actor,
                scope: try QuarantineScope(of: request.peer, in: record.configuration()),
                first: Quarantine.FirstRounds(1)
            )
            return try quarantineReport(none, record, .none, inForce: false)
        }
        let report = try quarantineReport(known, record, .lifted, inForce: false)
        try write(.quarantineLifted, known, request, report.total, instead: known, of: record.name, at: now)
        return report
    }

    /// The counts took a while: what they were counted for must still stand.
    private func write(
        _ kind: EventRecord.Kind,
        _ quarantine: Quarantine,
        _ request: QuarantineRequest,
        _ counts: QuarantineReport.Counts,
        instead known: Quarantine?,
        of name: String,
        at now: Date
    ) throws {
        let note = QuarantineNote(
            actor: request.actor,
            reason: request.reason,
            quarantine: quarantine,
            counts: counts
        )
        let words = Quarantine.Notice(peer: quarantine.peer, since: quarantine.since, reason: request.reason).words
        let event = EventRecord(
            campaign: name,
            kind: kind,
            message: "\(words) (\(request.actor); \(counts.words))",
            data: try JSONText(note),
            at: now
        )
        try write { db in
            guard try Quarantine.inForce(name, db).first(where: { $0.peer == quarantine.peer }) == known else {
                throw SelfImproveError(
                    .refused,
                    "the quarantine of \(quarantine.peer) was changed meanwhile",
                    context: name,
                    hint: "look at it again",
                    retryable: true
                )
            }
            try event.insert(db)
        }
    }

    // MARK: Since

    private func since(_ text: String, _ name: String, now: Date) throws -> Quarantine.Since {
        if let round = Int(text) {
            let latest = try latestRound(name)
            guard (1...max(latest, 1)).contains(round), latest > 0 else {
                throw SelfImproveError(
                    .notFound,
                    "there is no round \(round)",
                    context: name,
                    hint: latest == 0 ? "none has begun: leave since out" : "there are: 1 to \(latest)"
                )
            }
            return .round(round)
        }
        guard let moment = Moment(text) else {
            throw SelfImproveError(
                .input,
                "\"\(text.prefix(40))\" is neither a round nor a moment",
                context: "since",
                hint: "such as 2, or 2026-12-01T08:00:00Z"
            )
        }
        guard moment.date <= now else {
            throw SelfImproveError(.input, "\(moment) lies in the future", context: "since", hint: "leave it out")
        }
        return .moment(moment)
    }

    /// What a step writes is recorded as it ends. Where a clock was set back, all rounds from the first match on count.
    private func firstRounds(_ since: Quarantine.Since?, _ name: String) throws -> Quarantine.FirstRounds {
        switch since {
        case nil: return Quarantine.FirstRounds(1)
        case .round(let round): return Quarantine.FirstRounds(round)
        case .moment(let moment):
            return try read { db in
                let next =
                    try Int.fetchOne(db, sql: "SELECT MAX(round) + 1 FROM rounds WHERE campaign = ?", arguments: [name])
                    ?? 1
                func first(_ step: StepName) throws -> Int {
                    try Int.fetchOne(
                        db,
                        sql: """
                            SELECT MIN(rounds.round) FROM rounds
                            LEFT JOIN steps ON steps.campaign = rounds.campaign AND steps.round = rounds.round
                                AND steps.step = ? AND steps.state = 'done'
                            WHERE rounds.campaign = ?
                                AND (steps.ended_at >= ? OR steps.ended_at IS NULL AND rounds.outcome IS NULL)
                            """,
                        arguments: [step.rawValue, name, moment.date]
                    ) ?? next
                }
                return Quarantine.FirstRounds(
                    drafts: try first(.propose),
                    answers: try first(.aggregate),
                    verdicts: try first(.judge)
                )
            }
        }
    }
}

extension Quarantine {
    /// The fold of a campaign's events.
    /// - Throws: `.damaged` for an event that this program cannot read.
    static func inForce(_ campaign: String, _ db: Database) throws -> [Quarantine] {
        let kinds = [EventRecord.Kind.quarantined, .quarantineLifted].map(\.rawValue)
        let events = try EventRecord.filter(Column("campaign") == campaign && kinds.contains(Column("kind")))
            .order(Column("id")).fetchAll(db)
        var inForce: [String: Quarantine] = [:]
        for event in events {
            do {
                let note: QuarantineNote = try (event.data ?? JSONText(text: "null")).decode()
                inForce[note.quarantine.peer] = event.kind == .quarantined ? note.quarantine : nil
            } catch let error as DecodingError {
                throw SelfImproveError(
                    .damaged,
                    "event \(event.id ?? 0), \(event.kind.rawValue), cannot be read: \(error.words(of: "its data"))",
                    context: campaign,
                    hint: "use the version of the program that wrote it"
                )
            }
        }
        return inForce.values.sorted { $0.peer < $1.peer }
    }
}

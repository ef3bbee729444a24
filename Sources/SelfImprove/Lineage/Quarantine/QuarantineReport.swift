import Foundation
import GRDB

/// What a quarantine comes to: which data carry the peer's drafts and verdicts, what descends from them, and where one
/// could go back to. As `selfimprove quarantine --json` prints it.
public struct QuarantineReport: Sendable, Equatable, Codable {
    /// What the request did.
    public enum Change: String, Sendable, Codable { case placed, changed, lifted, none }

    /// Rows that carry what the peer wrote, by the steps that wrote or used them.
    public struct Counts: Sendable, Equatable, Codable {
        /// `prompts`: those that it wrote.
        public var prompts = 0
        /// `propose`: its drafts.
        public var drafts = 0
        /// `aggregate`: answers to prompts that it wrote or drafted for, that it aggregated, or whose drafts it scored.
        public var answers = 0
        /// `sft`: rows of the training set, those of the round itself.
        public var sftRows = 0
        /// `sft`: rows of the training set that were replayed from earlier rounds.
        public var replayedRows = 0
        /// `judge`: verdicts of judges that it has a part in.
        public var verdicts = 0
        /// `judge`: pairs that such verdicts, or a comparison with such an answer, made.
        public var pairs = 0
        /// `dpo`: such pairs in the training set.
        public var dpoRows = 0

        /// For people.
        public var words: String {
            "\(prompts > 0 ? "\(prompts) prompts, " : "")\(drafts) drafts, \(answers) answers, \(sftRows + replayedRows) SFT rows, \(pairs) pairs"
        }

        var isEmpty: Bool { self == Counts() }

        static func += (a: inout Counts, b: Counts) {
            a.prompts += b.prompts
            a.drafts += b.drafts
            a.answers += b.answers
            a.sftRows += b.sftRows
            a.replayedRows += b.replayedRows
            a.verdicts += b.verdicts
            a.pairs += b.pairs
            a.dpoRows += b.dpoRows
        }
    }

    public struct Round: Sendable, Equatable, Codable {
        public var round: Int
        public var counts: Counts
    }

    /// A model that was trained on such data, or descends from one that was.
    public struct Model: Sendable, Equatable, Codable {
        public var model: String
        public var campaign: String?
        public var round: Int?
        public var kind: ModelOrigin
    }

    /// Such a model as a champion.
    public struct Champion: Sendable, Equatable, Codable {
        /// That promoted it.
        public var round: Int
        public var model: String
        public var isChampionNow: Bool
    }

    /// The last champion before: nothing is done.
    public struct WayBack: Sendable, Equatable, Codable {
        /// As `rollback --to` takes it.
        public var to: String
        public var model: String
        public var command: String
    }

    public var campaign: String
    public var peer: String
    public var change: Change
    public var inForce: Bool
    public var since: Quarantine.Since?
    public var reason: String?
    public var actor: String
    public var scope: QuarantineScope
    /// The first round that this changes: the one after the latest that has begun.
    public var fromRound: Int
    /// Rounds that hold any, in their order.
    public var rounds: [Round]
    public var total: Counts
    public var models: [Model]
    public var champions: [Champion]
    /// Nil where the champion does not descend from such data.
    public var rollback: WayBack?
}

extension QuarantineReport.Counts {
    /// What is not there is 0: earlier versions counted no prompts.
    public init(from decoder: any Decoder) throws {
        let counts = try [String: Int](from: decoder)
        func count(_ key: CodingKeys) -> Int { counts[key.stringValue] ?? 0 }
        self.init(
            prompts: count(.prompts),
            drafts: count(.drafts),
            answers: count(.answers),
            sftRows: count(.sftRows),
            replayedRows: count(.replayedRows),
            verdicts: count(.verdicts),
            pairs: count(.pairs),
            dpoRows: count(.dpoRows)
        )
    }
}

extension Lineage {
    /// Models that were trained on what a quarantined peer wrote, and all that came of them.
    public func models(carrying quarantine: Quarantine, campaign: String) throws -> [ModelRecord] {
        try read { db in
            let taint = try QuarantineTaint(quarantine, campaign: campaign, db)
            return try Self.carriers(Self.taintedRows(taint, campaign, db).keys, db)
        }
    }

    func quarantineReport(
        _ quarantine: Quarantine,
        _ record: CampaignRecord,
        _ change: QuarantineReport.Change,
        inForce: Bool
    ) throws -> QuarantineReport {
        let name = record.name, rounds = try rounds(name)
        let (counts, models) = try read { db in
            let taint = try QuarantineTaint(quarantine, campaign: name, db)
            let rows = try Self.taintedRows(taint, name, db)
            return (try Self.counts(taint, rows, rounds, name, db), try Self.carriers(rows.keys, db))
        }
        let tainted = Set(models.map(\.digest))
        var total = QuarantineReport.Counts()
        for round in counts { total += round.counts }
        return QuarantineReport(
            campaign: name,
            peer: quarantine.peer,
            change: change,
            inForce: inForce,
            since: quarantine.since,
            reason: quarantine.reason,
            actor: quarantine.actor,
            scope: quarantine.scope,
            fromRound: (rounds.last?.round ?? 0) + 1,
            rounds: counts,
            total: total,
            models: models.map {
                QuarantineReport.Model(model: $0.digest, campaign: $0.campaign, round: $0.round, kind: $0.kind)
            },
            champions: rounds.compactMap { round in
                guard round.outcome == .promoted, let model = round.championAfter, tainted.contains(model) else {
                    return nil
                }
                return QuarantineReport.Champion(
                    round: round.round,
                    model: model,
                    isChampionNow: model == record.champion
                )
            },
            rollback: try wayBack(record, rounds, tainted, quarantine)
        )
    }

    /// The nearest ancestor of the champion that was one itself, is not tainted, and was not freed.
    private func wayBack(
        _ record: CampaignRecord,
        _ rounds: [RoundRecord],
        _ tainted: Set<String>,
        _ quarantine: Quarantine
    ) throws -> QuarantineReport.WayBack? {
        guard let champion = record.champion, tainted.contains(champion) else { return nil }
        for ancestor in try ancestors(of: champion).map(\.digest) where !tainted.contains(ancestor) {
            let round = rounds.last { $0.outcome == .promoted && $0.championAfter == ancestor }?.round
            guard let target = ancestor == record.initialModel ? 0 : round,
                FileManager.default.fileExists(atPath: files.modelDirectory(ancestor).path)
            else { continue }
            return QuarantineReport.WayBack(
                to: "\(target)",
                model: ancestor,
                command:
                    "selfimprove rollback \(record.name) --to \(target) --reason \"quarantine of \(quarantine.peer)\""
            )
        }
        return nil
    }

    // MARK: Rows and models

    /// The tainted rows of every training set that has any: how many, by the round that they come from.
    private static func taintedRows(_ taint: QuarantineTaint, _ campaign: String, _ db: Database) throws -> [String:
        [Int: Int]]
    {
        var found: [String: [Int: Int]] = [:]
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT dataset, round, position, chosen_sample IS NOT NULL AS is_preference FROM dataset_rows
                WHERE campaign = ?
                """,
            arguments: [campaign]
        )
        while let row = try rows.next() {
            let dataset: String = row["dataset"], round: Int = row["round"], position: Int = row["position"]
            if taint.holds(round: round, position: position, isPreference: row["is_preference"]) {
                found[dataset, default: [:]][round, default: 0] += 1
            }
        }
        return found
    }

    private static func counts(
        _ taint: QuarantineTaint,
        _ rows: [String: [Int: Int]],
        _ rounds: [RoundRecord],
        _ campaign: String,
        _ db: Database
    ) throws -> [QuarantineReport.Round] {
        let aggregated = try Int.fetchSet(
            db,
            sql: "SELECT round FROM steps WHERE campaign = ? AND step = ? AND state = 'done'",
            arguments: [campaign, StepName.aggregate.rawValue]
        )
        func rowsOf(_ model: String?) throws -> [Int: Int] {
            guard let model, let made = try ModelRecord.filter(Column("digest") == model).fetchOne(db),
                let dataset = made.dataset
            else { return [:] }
            return rows[dataset] ?? [:]
        }
        var pairs: [Int: Int] = [:]
        let all = try Row.fetchCursor(
            db,
            sql: "SELECT round, position FROM pairs WHERE campaign = ?",
            arguments: [campaign]
        )
        while let row = try all.next() {
            let round: Int = row["round"], position: Int = row["position"]
            if taint.rankings[round]?.contains(position) == true { pairs[round, default: 0] += 1 }
        }
        return try rounds.compactMap { record in
            let round = record.round, sft = try rowsOf(record.sftModel)
            let counts = QuarantineReport.Counts(
                prompts: taint.prompts[round] ?? 0,
                drafts: taint.drafts[round] ?? 0,
                answers: aggregated.contains(round) ? taint.answers[round]?.count ?? 0 : 0,
                sftRows: sft[round] ?? 0,
                replayedRows: sft.filter { $0.key != round }.values.reduce(0, +),
                verdicts: taint.verdicts[round] ?? 0,
                pairs: pairs[round] ?? 0,
                dpoRows: try rowsOf(record.dpoModel).values.reduce(0, +)
            )
            return counts.isEmpty ? nil : QuarantineReport.Round(round: round, counts: counts)
        }
    }

    /// Models that were trained on one of these sets, and their descendants.
    private static func carriers(_ datasets: some Sequence<String>, _ db: Database) throws -> [ModelRecord] {
        let trained = try String.fetchSet(
            db,
            sql: "SELECT digest FROM models WHERE dataset IN (SELECT value FROM json_each(?))",
            arguments: [JSONText(datasets.sorted()).text]
        )
        return try family(of: trained, db)
    }
}

import Foundation
import GRDB

extension LineageEntry {
    /// Writes the entry. It runs inside the transaction of its step.
    /// - Throws: `.damaged` where the row that it changes is gone.
    public func write(_ db: Database) throws {
        switch self {
        case .row(let record): try record.insert(db)
        case .spooled(let rows): try rows.forEach { try $0.insert(db) }
        case .evaluation(let record, let answers):
            try record.insert(db)
            let id = db.lastInsertedRowID
            for var answer in answers {
                answer.evaluation = id
                try answer.insert(db)
            }
        case .stage(let stage, let model, let campaign, let round):
            var record = try RoundRecord.existing(campaign, round, db)
            record[stage] = model
            try record.update(db)
        case .roundEnd(let end):
            var record = try RoundRecord.existing(end.campaign, end.round, db)
            record.challenger = end.challenger
            record.outcome = end.outcome
            record.reason = end.reason
            record.championAfter = end.champion
            record.figures = end.figures
            record.endedAt = end.at
            try record.update(db)
        case .champion(let move): try move.write(db)
        case .nursery(let key, let campaign):
            try db.execute(sql: "UPDATE campaigns SET nursery = ? WHERE name = ?", arguments: [key, campaign])
        }
    }
}

extension ChampionMove {
    /// Moves the alias of the champion and records it in an event.
    func write(_ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE campaigns SET champion = :model, initial_model = COALESCE(initial_model, :model)
                WHERE name = :campaign
                """,
            arguments: ["model": model, "campaign": campaign]
        )
        let kind: EventRecord.Kind =
            switch cause {
            case .initial: .initial
            case .promoted: .promoted
            case .rolledBack: .rolledBack
            }
        try EventRecord(
            campaign: campaign,
            round: round,
            kind: kind,
            message: message,
            champion: model,
            data: data,
            at: at
        ).insert(db)
    }
}

extension RoundRecord {
    fileprivate static func existing(_ campaign: String, _ round: Int, _ db: Database) throws -> RoundRecord {
        guard
            let record = try RoundRecord.filter(Column("campaign") == campaign && Column("round") == round).fetchOne(db)
        else {
            throw SelfImproveError(
                .damaged,
                "round \(round) of \(campaign) is not in the lineage",
                hint: "selfimprove doctor looks for damage"
            )
        }
        return record
    }
}

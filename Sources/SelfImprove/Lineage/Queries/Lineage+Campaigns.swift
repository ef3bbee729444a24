import Foundation
import GRDB

/// Campaigns, their rounds, steps and events.
extension Lineage {
    public func campaigns() throws -> [CampaignRecord] {
        try read { try CampaignRecord.order(Column("created_at"), Column("name")).fetchAll($0) }
    }

    /// - Throws: `.notFound`, naming the campaigns there are.
    public func campaign(_ name: String) throws -> CampaignRecord {
        try read { try CampaignRecord.existing(name, $0) }
    }

    public func rounds(_ campaign: String) throws -> [RoundRecord] {
        try read { try RoundRecord.filter(Column("campaign") == campaign).order(Column("round")).fetchAll($0) }
    }

    /// The number of the latest round that was begun; 0 where none was.
    public func latestRound(_ campaign: String) throws -> Int {
        try read {
            try Int.fetchOne($0, sql: "SELECT MAX(round) FROM rounds WHERE campaign = ?", arguments: [campaign]) ?? 0
        }
    }

    public func steps(_ campaign: String) throws -> [StepRecord] {
        try read { db in
            try StepRecord.filter(Column("campaign") == campaign).order(Column("round")).fetchAll(db)
                .sorted { ($0.round, $0.step) < ($1.round, $1.step) }
        }
    }

    /// Oldest first; the last `limit` of them.
    public func events(_ campaign: String, limit: Int? = nil) throws -> [EventRecord] {
        try read { db in
            var request = EventRecord.filter(Column("campaign") == campaign).order(Column("id").desc)
            if let limit { request = request.limit(limit) }
            return try request.fetchAll(db).reversed()
        }
    }

    /// Oldest first, those with a higher number than `id`.
    public func events(_ campaign: String, after id: Int64) throws -> [EventRecord] {
        try read {
            try EventRecord.filter(Column("campaign") == campaign && Column("id") > id).order(Column("id")).fetchAll($0)
        }
    }

    public func event(id: Int64) throws -> EventRecord? {
        try read { try EventRecord.filter(Column("id") == id).fetchOne($0) }
    }

    /// Tokens that the campaign's finished steps generated, scored and trained.
    public func tokensSpent(_ campaign: String) throws -> Int {
        try read {
            try Int.fetchOne(
                $0,
                sql: "SELECT COALESCE(SUM(tokens), 0) FROM steps WHERE campaign = ?",
                arguments: [campaign]
            ) ?? 0
        }
    }

    public func evaluations(_ campaign: String) throws -> [EvaluationRecord] {
        try read { try EvaluationRecord.filter(Column("campaign") == campaign).order(Column("id")).fetchAll($0) }
    }

    /// The latest evaluation of a model on one of the campaign's held-out sets.
    public func evaluation(of model: String, on set: HeldOutSet, campaign: String) throws -> EvaluationRecord? {
        try read { db in
            try EvaluationRecord
                .filter(
                    Column("model") == model && Column("campaign") == campaign && Column("set") == set.rawValue
                        && Column("subject") == "model"
                )
                .order(Column("id").desc).fetchOne(db)
        }
    }

    public func evaluationAnswers(_ evaluation: Int64) throws -> [EvaluationAnswerRecord] {
        try read { db in
            try EvaluationAnswerRecord.filter(Column("evaluation") == evaluation).order(Column("prompt_id")).fetchAll(
                db
            )
        }
    }

    /// The champion of a campaign at a moment: what the last promotion, rollback or beginning before it had set.
    public func champion(of campaign: String, at moment: Date) throws -> String? {
        try read { db in
            try EventRecord
                .filter(Column("campaign") == campaign && Column("champion") != nil && Column("at") <= moment)
                .order(Column("id").desc).fetchOne(db)?.champion
        }
    }
}

extension CampaignRecord {
    /// - Throws: `.notFound`, naming the campaigns there are.
    public static func existing(_ name: String, _ db: Database) throws -> CampaignRecord {
        if let found = try CampaignRecord.filter(Column("name") == name).fetchOne(db) { return found }
        let names = try String.fetchAll(db, sql: "SELECT name FROM campaigns ORDER BY name")
        throw SelfImproveError(
            .notFound,
            "there is no campaign of this name",
            context: name,
            hint: names.isEmpty ? "none has run yet" : "there are: \(names.joined(separator: ", "))"
        )
    }
}

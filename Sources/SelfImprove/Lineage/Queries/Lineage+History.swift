import GRDB

/// What the steps of a campaign read: the queries of `Lineage+Campaigns`, `+Models`, `+Samples` and `+Ancestry`, and
/// these.
extension Lineage: CampaignHistory {
    public func taught(_ campaign: String, round: Int) throws -> [TaughtAnswer] {
        try read { db in
            let positions = try Int.fetchAll(
                db,
                sql: """
                    SELECT dataset_rows.position FROM rounds
                    JOIN models ON models.digest = rounds.sft_model
                    JOIN dataset_rows ON dataset_rows.dataset = models.dataset
                        AND dataset_rows.campaign = rounds.campaign AND dataset_rows.round = rounds.round
                    WHERE rounds.campaign = ? AND rounds.round = ?
                    ORDER BY dataset_rows.row
                    """,
                arguments: [campaign, round]
            )
            let here = Column("campaign") == campaign && Column("round") == round
            let answers = Dictionary(
                uniqueKeysWithValues: try AnswerRecord.filter(here).fetchAll(db).map { ($0.position, $0) }
            )
            let prompts = Dictionary(
                uniqueKeysWithValues: try PromptRecord.filter(here).fetchAll(db).map { ($0.position, $0) }
            )
            return positions.compactMap { position in
                guard let prompt = prompts[position], let answer = answers[position] else { return nil }
                return TaughtAnswer(prompt: prompt, answer: answer)
            }
        }
    }

    public func tainted(_ campaign: String, round: Int, by quarantines: [Quarantine]) throws -> Set<Int> {
        try read { try QuarantineTaint.positions(quarantines, campaign: campaign, round: round, $0) }
    }
}

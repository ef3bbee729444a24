import GRDB

/// A training row with everything that led to it.
public struct RowTrace: Sendable, Equatable, Codable {
    public var row: DatasetRowRecord
    public var prompt: PromptRecord
    /// All layers.
    public var drafts: [DraftRecord]
    public var answer: AnswerRecord?
    /// For preference rows.
    public var chosen: SampleRecord?
    public var rejected: SampleRecord?
}

/// What made a model, and what came of it.
extension Lineage {
    /// The model and the models it was trained from, nearest first.
    public func ancestors(of digest: String) throws -> [ModelRecord] {
        try read { db in
            try ModelRecord.fetchAll(
                db,
                sql: """
                    WITH RECURSIVE line(digest, depth) AS (
                        SELECT ?, 0
                        UNION SELECT models.parent, line.depth + 1 FROM models JOIN line USING (digest)
                            WHERE models.parent IS NOT NULL
                    )
                    SELECT models.* FROM models JOIN line USING (digest) ORDER BY depth
                    """,
                arguments: [digest]
            )
        }
    }

    /// A model's digest and those of all that it was trained from.
    public func line(of digest: String) throws -> Set<String> {
        try read { db in
            try String.fetchSet(
                db,
                sql: """
                    WITH RECURSIVE line(digest) AS (
                        VALUES (?)
                        UNION SELECT models.parent FROM models JOIN line USING (digest)
                            WHERE models.parent IS NOT NULL
                    )
                    SELECT digest FROM line
                    """,
                arguments: [digest]
            )
        }
    }

    /// Models trained from this one, or from one that was, or on rows that any of them drafted or sampled; not the
    /// model itself.
    public func descendants(of digest: String) throws -> [ModelRecord] {
        try read { try Self.family(of: [digest], $0) }.filter { $0.digest != digest }
    }

    /// These models and their descendants, the oldest first.
    static func family(of digests: Set<String>, _ db: Database) throws -> [ModelRecord] {
        try ModelRecord.fetchAll(
            db,
            sql: """
                WITH RECURSIVE offspring(digest) AS (
                    SELECT value FROM json_each(?)
                    UNION
                    SELECT child.digest FROM offspring JOIN models AS child ON child.parent = offspring.digest
                    UNION
                    SELECT child.digest FROM offspring
                        JOIN (SELECT DISTINCT model, campaign, round FROM drafts) AS wrote
                            ON wrote.model = offspring.digest
                        JOIN (SELECT DISTINCT dataset, campaign, round FROM dataset_rows) AS used
                            USING (campaign, round)
                        JOIN models AS child ON child.dataset = used.dataset
                )
                SELECT models.* FROM models JOIN offspring USING (digest) ORDER BY created_at, digest
                """,
            arguments: [JSONText(digests.sorted()).text]
        )
    }

    /// The rows of a dataset, in the order of its file.
    public func rows(ofDataset digest: String) throws -> [DatasetRowRecord] {
        try read {
            try DatasetRowRecord.filter(Column("dataset") == digest).order(Column("campaign"), Column("row")).fetchAll(
                $0
            )
        }
    }

    /// The prompt, drafts and answer behind one line of a training set.
    /// - Throws: `.notFound` where the dataset has no such row.
    public func trace(dataset: String, row: Int) throws -> RowTrace {
        try read { db in
            let found = try DatasetRowRecord.filter(Column("dataset") == dataset && Column("row") == row)
                .order(Column("campaign")).fetchOne(db)
            guard let found else {
                throw SelfImproveError(.notFound, "the dataset has no row \(row)", context: dataset)
            }
            func here<Record: LineageRecord>(_: Record.Type) -> QueryInterfaceRequest<Record> {
                Record.filter(
                    Column("campaign") == found.campaign && Column("round") == found.round
                        && Column("position") == found.position
                )
            }
            guard let prompt = try here(PromptRecord.self).fetchOne(db) else {
                throw SelfImproveError(.damaged, "row \(row) comes from a prompt that is gone", context: dataset)
            }
            func sample(_ index: Int?) throws -> SampleRecord? {
                guard let index else { return nil }
                return try here(SampleRecord.self).filter(Column("sample") == index).fetchOne(db)
            }
            return RowTrace(
                row: found,
                prompt: prompt,
                drafts: try here(DraftRecord.self).order(Column("layer"), Column("proposer_index"), Column("sample"))
                    .fetchAll(db),
                answer: try here(AnswerRecord.self).fetchOne(db),
                chosen: try sample(found.chosenSample),
                rejected: try sample(found.rejectedSample)
            )
        }
    }
}

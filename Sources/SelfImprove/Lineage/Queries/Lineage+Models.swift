import GRDB

/// Models, datasets and nurseries.
extension Lineage {
    public func models(_ campaign: String? = nil) throws -> [ModelRecord] {
        try read { db in
            let all = ModelRecord.order(Column("created_at"), Column("digest"))
            guard let campaign else { return try all.fetchAll(db) }
            return try all.filter(Column("campaign") == campaign).fetchAll(db)
        }
    }

    public func model(_ digest: String) throws -> ModelRecord? {
        try read { try ModelRecord.filter(Column("digest") == digest).fetchOne($0) }
    }

    public func datasets() throws -> [DatasetRecord] {
        try read { try DatasetRecord.order(Column("created_at")).fetchAll($0) }
    }

    public func dataset(_ digest: String) throws -> DatasetRecord? {
        try read { try DatasetRecord.filter(Column("digest") == digest).fetchOne($0) }
    }

    public func nursery(_ key: String) throws -> NurseryRecord? {
        try read { try NurseryRecord.filter(Column("key") == key).fetchOne($0) }
    }
}

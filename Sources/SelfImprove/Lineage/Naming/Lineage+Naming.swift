import Foundation
import GRDB
import ModelFiles

/// How people name models.
extension Lineage {
    /// Where a model is; that of the lineage with its bytes checked against its digest.
    public func verifiedDirectory(of model: ResolvedModel) throws -> URL {
        guard let digest = model.digest else { return model.directory }
        return try files.verified(model: digest)
    }

    /// Finds a model by what a person wrote: a path (`./dir`, `/dir`), an alias of a campaign (`nursery/champion`,
    /// `nursery/initial`, `nursery/r2`, `nursery/r2-sft`, `nursery/r2-dpo`, `nursery/letters` for one of its nursery),
    /// a directory or a GGUF file, or a digest of which a unique beginning of 4 digits or more will do.
    /// - Throws: `.notFound` or `.ambiguous`, saying what there is.
    public func resolve(_ reference: String) throws -> ResolvedModel {
        guard !reference.isEmpty else { throw SelfImproveError(.input, "names no model", context: "\"\"") }
        if reference.hasPrefix("/") || reference.hasPrefix(".") || reference.hasPrefix("~") {
            return try path(reference)
        }
        if let digest = try alias(reference) { return try known(digest) }
        if try FileReader.exists(URL(fileURLWithPath: reference)) { return try path(reference) }
        if ContentDigest.mayBegin(with: reference) { return try known(prefix: reference) }
        throw SelfImproveError(
            .notFound,
            "there is no model of this name",
            context: reference,
            hint:
                "name a directory, a GGUF file, a digest (4 digits or more), or an alias such as nursery/champion, nursery/r2, nursery/r2-sft"
        )
    }

    /// Finds a model of the lineage by an alias or a digest. No path is looked at: for names that come from the
    /// network.
    public func resolveWithinLineage(_ reference: String) throws -> ModelRecord {
        let isDigest = ContentDigest.mayBegin(with: reference)
        // SQLite's texts end at a NUL: "c\0x" would be found as "c".
        let found =
            reference.utf8.contains(0)
            ? nil : try isDigest ? known(prefix: reference) : alias(reference).map { try known($0) }
        guard let record = found?.record else {
            throw SelfImproveError(
                .notFound,
                "there is no model of this name",
                context: String(reference.prefix(80)),
                hint: "a digest (4 digits or more), or an alias such as nursery/champion, nursery/r2, nursery/r2-sft"
            )
        }
        return record
    }

    private func path(_ path: String) throws -> ResolvedModel {
        let url = URL(fileURLWithPath: (path as NSString).expandingTildeInPath).standardizedFileURL
        guard try FileReader.exists(url) else {
            throw SelfImproveError(
                .notFound,
                "there is no such directory or file",
                context: path,
                hint: "name a Hugging Face model directory, or a GGUF file"
            )
        }
        if FileReader.isFile(url) { return ResolvedModel(directory: url) }
        guard try FileReader.exists(url.appendingPathComponent("config.json")) else {
            throw SelfImproveError(
                .notFound,
                "the directory holds no model: config.json is missing",
                context: path,
                hint: "name a Hugging Face model directory, or a GGUF file"
            )
        }
        return ResolvedModel(directory: url)
    }

    private func known(_ digest: String) throws -> ResolvedModel {
        ResolvedModel(directory: files.modelDirectory(digest), digest: digest, record: try model(digest))
    }

    private func known(prefix: String) throws -> ResolvedModel {
        let found = try read {
            try ModelRecord.filter(Column("digest").like(prefix + "%")).order(Column("digest")).limit(4).fetchAll($0)
        }
        guard let first = found.first else {
            throw SelfImproveError(
                .notFound,
                "no model has a digest that begins so",
                context: prefix,
                hint: "selfimprove lineage CAMPAIGN lists them"
            )
        }
        guard found.count == 1 else {
            let names = found.prefix(3).map { String($0.digest.prefix(prefix.count + 8)) }.joined(separator: ", ")
            throw SelfImproveError(
                .ambiguous,
                "several models have a digest that begins so: \(names)\(found.count > 3 ? ", ..." : "")",
                context: prefix,
                hint: "write more digits"
            )
        }
        return ResolvedModel(directory: files.modelDirectory(first.digest), digest: first.digest, record: first)
    }

    /// The digest behind `CAMPAIGN/NAME`; nil where there is no such campaign.
    private func alias(_ reference: String) throws -> String? {
        let parts = reference.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return nil }
        return try read { db in
            guard let campaign = try CampaignRecord.filter(Column("name") == parts[0]).fetchOne(db) else { return nil }
            return try Self.digest(named: parts[1], of: campaign, db)
        }
    }

    private static func digest(named name: String, of campaign: CampaignRecord, _ db: Database) throws -> String {
        let context = "\(campaign.name)/\(name)"
        if let alias = CampaignAlias(rawValue: name) {
            if let digest = alias.digest(in: campaign) { return digest }
            throw SelfImproveError(
                .notFound,
                "the campaign has no model yet: it is still being prepared",
                context: context,
                retryable: true
            )
        }
        if let alias = RoundAlias(name) {
            let rounds = try RoundRecord.filter(Column("campaign") == campaign.name).order(Column("round")).fetchAll(db)
            if alias.round == 0, alias.stage == nil, let digest = campaign.initialModel { return digest }
            guard let round = rounds.first(where: { $0.round == alias.round }) else {
                let last = rounds.last.map { "its last round is \($0.round)" } ?? "no round has begun"
                throw SelfImproveError(
                    .notFound,
                    "the campaign has no round \(alias.round)",
                    context: context,
                    hint: last
                )
            }
            if let digest = alias.digest(in: round) { return digest }
            let made = round.outcome == nil ? "not made one yet" : "made none"
            throw SelfImproveError(.notFound, "round \(alias.round) has \(made)", context: context)
        }
        if let key = campaign.nursery, let nursery = try NurseryRecord.filter(Column("key") == key).fetchOne(db) {
            if let digest = nursery.models[name] { return digest }
        }
        throw SelfImproveError(
            .notFound,
            "the campaign has no model of this name",
            context: context,
            hint:
                "there are: champion, initial, r1 (champion after round 1), r1-sft, r1-dpo, and the models of its nursery"
        )
    }
}

import Foundation
import GRDB

/// Going back to an earlier champion. Nothing is deleted: the alias moves, an event says so, and what came after stays
/// visible.
extension Lineage {
    public struct Rollback: Sendable, Equatable, Codable {
        public var campaign: String
        public var from: String
        public var to: String
        /// A round that had begun and is now given up.
        public var abandonedRound: Int?
    }

    /// - Parameters:
    ///   - target: a round's number (the champion after it; 0 is the start), `initial`, `r2`, `r2-sft`, or a model of
    ///     the campaign.
    ///   - at: the time of the event.
    /// - Throws: `.refused` for the champion of today and for models that are not this campaign's; `.notFound`,
    ///   `.ambiguous`.
    public func rollback(_ name: String, to target: String, reason: String?, at: Date) throws -> Rollback {
        let (champion, model) = try checkRollback(campaign(name), to: target)
        let unfinished = try rounds(name).first { $0.outcome == nil }
        let message = "back to \(target)\(reason.map { ": \($0)" } ?? "")"
        try write { db in
            if var round = unfinished {
                round.outcome = .abandoned
                round.reason = "given up for a rollback to \(target)"
                round.championAfter = model
                round.endedAt = at
                try round.update(db)
            }
            try ChampionMove(
                campaign: name,
                model: model,
                cause: .rolledBack,
                message: message,
                data: JSONText(["from": champion, "to": model]),
                at: at
            ).write(db)
        }
        return Rollback(campaign: name, from: champion, to: model, abandonedRound: unfinished?.round)
    }

    /// - Returns: the champion of today, and the one that `target` names.
    /// - Throws: as `rollback`.
    @discardableResult public func checkRollback(_ campaign: CampaignRecord, to target: String) throws -> (
        champion: String, model: String
    ) {
        guard let champion = campaign.champion else {
            throw SelfImproveError(
                .refused,
                "the campaign has no champion yet: it is still being prepared",
                context: campaign.name,
                retryable: true
            )
        }
        let model = try rollbackTarget(target, campaign)
        guard model != champion else {
            throw SelfImproveError(
                .refused,
                "\(target) is the champion already",
                context: campaign.name,
                hint: "selfimprove lineage \(campaign.name) shows what else there is"
            )
        }
        guard FileManager.default.fileExists(atPath: files.modelDirectory(model).path) else {
            throw SelfImproveError(
                .refused,
                "the files of \(target) are gone: it was freed",
                context: campaign.name,
                hint: "selfimprove gc keeps only the latest rounds"
            )
        }
        return (champion, model)
    }

    private func rollbackTarget(_ target: String, _ campaign: CampaignRecord) throws -> String {
        if let number = Int(target) {
            if number == 0, let initial = campaign.initialModel { return initial }
            let rounds = try rounds(campaign.name)
            guard let round = rounds.first(where: { $0.round == number && $0.outcome != nil }),
                let model = round.championAfter
            else {
                let known = rounds.filter { $0.outcome != nil }.map { "\($0.round)" }.joined(separator: ", ")
                throw SelfImproveError(
                    .notFound,
                    "there is no ended round \(target)",
                    context: campaign.name,
                    hint: "there are: 0 (the start)\(known.isEmpty ? "" : ", \(known)")"
                )
            }
            return model
        }
        let aliases = target == CampaignAlias.initial.rawValue || target.hasPrefix("r")
        let resolved = try resolve(aliases && !target.contains("/") ? "\(campaign.name)/\(target)" : target)
        guard let digest = resolved.digest,
            digest == campaign.initialModel || resolved.record?.campaign == campaign.name
        else {
            throw SelfImproveError(
                .refused,
                "\(target) is no model of this campaign",
                context: campaign.name,
                hint: "selfimprove lineage \(campaign.name) lists them"
            )
        }
        return digest
    }
}

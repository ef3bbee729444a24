import Foundation
import GRDB
import SelfImprove

/// Entering campaigns into the lineage, for `run` and for the daemon's queue.
extension Lineage {
    /// Enters a campaign, or finds it and sets its status.
    /// - Parameters:
    ///   - rounds: replaces the criterion `rounds`, also of a campaign that exists.
    ///   - status: `.running`, or `.queued` for the daemon's queue.
    /// - Throws: `.refused` where a campaign of this name exists with another configuration, or runs already.
    @discardableResult public func register(
        _ configuration: CampaignConfiguration,
        rounds: Int? = nil,
        as status: CampaignRecord.Status,
        at now: Date
    ) throws -> (record: CampaignRecord, resumed: Bool) {
        try write { db in
            if var known = try CampaignRecord.filter(Column("name") == configuration.campaign).fetchOne(db) {
                try Self.requireSame(configuration, as: known)
                if status == .queued, [.queued, .running].contains(known.status) {
                    throw SelfImproveError(
                        .refused,
                        "the campaign is \(known.status.rawValue) already",
                        context: known.name,
                        hint: "selfimprove watch \(known.name)"
                    )
                }
                var criteria = try known.criteria()
                if let rounds, criteria.rounds != rounds {
                    criteria.rounds = rounds
                    try known.set(criteria)
                    try EventRecord(
                        campaign: known.name,
                        kind: .criteriaChanged,
                        message: "rounds = \(rounds)",
                        at: now
                    ).insert(db)
                }
                known.status = status
                known.stopReason = nil
                if status == .queued { known.queuedAt = now }
                try known.update(db)
                try EventRecord(
                    campaign: known.name,
                    kind: status == .queued ? .queued : .resumed,
                    message: "goes on",
                    at: now
                ).insert(db)
                return (known, true)
            }
            var criteria = configuration.stop
            if let rounds { criteria.rounds = rounds }
            let record = try CampaignRecord(
                name: configuration.campaign,
                seed: Seed(configuration.seed),
                configuration: configuration,
                criteria: criteria,
                status: status,
                createdAt: now,
                queuedAt: status == .queued ? now : nil
            )
            try record.insert(db)
            try EventRecord(campaign: record.name, kind: .created, message: "seed \(configuration.seed)", at: now)
                .insert(db)
            return (record, false)
        }
    }

    /// Sets a campaign's status and says why in an event.
    func setStatus(
        _ status: CampaignRecord.Status,
        of campaign: String,
        _ kind: EventRecord.Kind,
        _ reason: String,
        at now: Date
    ) throws {
        try write { db in
            try db.execute(
                sql: "UPDATE campaigns SET status = ?, stop_reason = ? WHERE name = ?",
                arguments: [status.rawValue, reason, campaign]
            )
            try EventRecord(campaign: campaign, kind: kind, message: reason, at: now).insert(db)
        }
    }

    /// Everything but the criteria must be what the campaign was begun with: its lineage says so. A key that this
    /// version of the program added is no difference as long as the file does not use it.
    private static func requireSame(_ configuration: CampaignConfiguration, as known: CampaignRecord) throws {
        let keys = try known.configuration().differences(from: configuration)
        guard !keys.isEmpty else { return }
        throw SelfImproveError(
            .refused,
            "the campaign was begun with another configuration: "
                + "\(keys.joined(separator: ", ")) differ\(keys.count == 1 ? "s" : "")",
            context: known.name,
            hint: "give the changed one another name (campaign: ...), or use another --state"
        )
    }
}

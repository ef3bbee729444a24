import Foundation
import GRDB

/// Entering campaigns into the lineage, for `run` and for the daemon's queue.
extension Lineage {
    /// Enters a campaign, or finds it and sets its status.
    /// - Parameters:
    ///   - rounds: replaces the criterion `rounds`, also of a campaign that exists.
    ///   - transition: `.run`, or `.enqueue` for the daemon's queue.
    /// - Throws: `.refused` where a campaign of this name exists with another configuration, or runs already.
    @discardableResult public func register(
        _ configuration: CampaignConfiguration,
        rounds: Int? = nil,
        by transition: CampaignTransition,
        at now: Date
    ) throws -> (record: CampaignRecord, resumed: Bool) {
        try write { db in
            if var known = try CampaignRecord.filter(Column("name") == configuration.campaign).fetchOne(db) {
                try Self.requireSame(configuration, as: known)
                try transition.check(known)
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
                known.status = transition.to
                known.stopReason = nil
                // How endpoints may be used is what the file says now; nothing else of it differs.
                var kept = try known.configuration()
                if kept.peers != configuration.peers {
                    kept.peers = configuration.peers
                    try known.set(kept)
                }
                if transition == .enqueue { known.queuedAt = now }
                try known.update(db)
                try EventRecord(
                    campaign: known.name,
                    kind: transition.event,
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
                status: transition.to,
                createdAt: now,
                queuedAt: transition == .enqueue ? now : nil
            )
            try record.insert(db)
            try EventRecord(campaign: record.name, kind: .created, message: "seed \(configuration.seed)", at: now)
                .insert(db)
            return (record, false)
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

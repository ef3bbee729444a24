import Foundation
import GRDB

/// The daemon's queue, and the statuses of campaigns.
extension Lineage {
    /// Campaigns that wait for the daemon, first come, first served.
    public func queue() throws -> [CampaignRecord] {
        try read {
            try CampaignRecord.filter(Column("status") == CampaignRecord.Status.queued.rawValue).order(
                Column("queued_at"),
                Column("created_at"),
                Column("name")
            ).fetchAll($0)
        }
    }

    /// Returns campaigns that were running when a daemon was killed to their places in the queue.
    public func requeueRunning() throws {
        try write {
            try $0.execute(
                sql: """
                    UPDATE campaigns SET status = ?, queued_at = COALESCE(queued_at, created_at) WHERE status = ?
                    """,
                arguments: [CampaignTransition.requeue.to.rawValue, CampaignRecord.Status.running.rawValue]
            )
        }
    }

    /// Enters a round that begins, with the quarantines that are in force now: it honours them to its end.
    public func begin(_ round: RoundRecord) throws {
        try write { db in
            var round = round
            let quarantines = try Quarantine.inForce(round.campaign, db)
            round.quarantines = quarantines.isEmpty ? nil : try JSONText(quarantines)
            try round.insert(db)
        }
    }

    /// Changes a campaign's status and says why in an event.
    /// - Throws: `.refused` where the status of the campaign does not allow it; `.notFound`.
    public func move(_ campaign: String, by transition: CampaignTransition, _ reason: String, at now: Date) throws {
        try write { db in
            var record = try CampaignRecord.existing(campaign, db)
            try transition.check(record)
            record.status = transition.to
            record.stopReason = reason
            try record.update(db)
            try EventRecord(campaign: campaign, kind: transition.event, message: reason, at: now).insert(db)
        }
    }
}

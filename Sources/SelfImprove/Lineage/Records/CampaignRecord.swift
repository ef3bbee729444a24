import Foundation
import GRDB

/// One campaign: what it was asked to do, and where it stands.
public struct CampaignRecord: LineageRecord, Equatable {
    public static let databaseTableName = "campaigns"

    public enum Status: String, Sendable, Codable {
        /// Waits for its turn in the daemon.
        case queued
        case running
        /// A person wants it to wait.
        case paused
        /// A stop criterion fired.
        case finished
        /// A person ended it.
        case stopped
        case failed
        /// The process in the foreground was asked to stop; the same command goes on.
        case interrupted
    }

    public var name: String
    public var seed: Seed
    /// The resolved configuration.
    public var configuration: CampaignConfiguration
    /// The criteria in force: they may have been changed since the configuration was read.
    public var criteria: StopCriteria
    /// Key of the nursery that its models come from.
    public var nursery: String?
    public var initialModel: String?
    /// The alias that promotion and rollback move.
    public var champion: String?
    public var status: Status
    public var stopReason: String?
    public var createdAt: Date
    /// Summed over restarts.
    public var runningSeconds: Double
    public var programVersion: String
    /// When it entered the daemon's queue.
    public var queuedAt: Date?

    /// What its running cost, in the currency of `price_per_hour`.
    public var money: Double { (configuration.pricePerHour ?? 0) * runningSeconds / 3600 }

    public init(
        name: String,
        seed: Seed,
        configuration: CampaignConfiguration,
        criteria: StopCriteria,
        nursery: String? = nil,
        initialModel: String? = nil,
        champion: String? = nil,
        status: Status = .running,
        stopReason: String? = nil,
        createdAt: Date,
        runningSeconds: Double = 0,
        programVersion: String = ProgramVersion.current,
        queuedAt: Date? = nil
    ) {
        self.name = name
        self.seed = seed
        self.configuration = configuration
        self.criteria = criteria
        self.nursery = nursery
        self.initialModel = initialModel
        self.champion = champion
        self.status = status
        self.stopReason = stopReason
        self.createdAt = createdAt
        self.runningSeconds = runningSeconds
        self.programVersion = programVersion
        self.queuedAt = queuedAt
    }
}

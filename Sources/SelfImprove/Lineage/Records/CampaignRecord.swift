import Foundation
import GRDB

/// One campaign: what it was asked to do, and where it stands.
public struct CampaignRecord: LineageRecord, Equatable {
    public static let databaseTableName = "campaigns"

    public enum Status: String, Sendable, Codable, CaseIterable {
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
    /// The resolved configuration, and the criteria in force, as they were written: read them with `configuration()`
    /// and `criteria()`, so that a row that cannot be read costs its own campaign and no other.
    private var storedConfiguration: JSONText
    private var storedCriteria: JSONText
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

    private enum CodingKeys: String, CodingKey {
        case name, seed, nursery, initialModel, champion, status, stopReason, createdAt, runningSeconds
        case programVersion, queuedAt
        case storedConfiguration = "configuration"
        case storedCriteria = "criteria"
    }

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
    ) throws {
        self.name = name
        self.seed = seed
        storedConfiguration = try JSONText(configuration)
        storedCriteria = try JSONText(criteria)
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

    /// The resolved configuration. Keys that the version which began the campaign did not have yet get their defaults.
    /// - Throws: `.damaged`, where this program cannot read it.
    public func configuration() throws -> CampaignConfiguration {
        try CampaignConfiguration(stored: storedConfiguration, campaign: name)
    }

    /// The criteria in force: they may have been changed since the configuration was read.
    /// - Throws: `.damaged`, where this program cannot read them.
    public func criteria() throws -> StopCriteria {
        do { return try storedCriteria.decode() } catch let error as DecodingError {
            throw SelfImproveError(
                .damaged,
                "the stop criteria cannot be read: \(error.words(of: "the object"))",
                context: name,
                hint: "use the version of the program that wrote them"
            )
        }
    }

    /// Only what may change of a campaign that has begun differs.
    mutating func set(_ configuration: CampaignConfiguration) throws {
        storedConfiguration = try JSONText(configuration)
    }

    public mutating func set(_ criteria: StopCriteria) throws { storedCriteria = try JSONText(criteria) }

    /// What its running cost, in the currency of `price_per_hour`; nil where there is no price.
    public func money() throws -> Double? { try configuration().pricePerHour.map { $0 * runningSeconds / 3600 } }
}

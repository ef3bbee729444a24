import ArgumentParser
import Foundation
import SelfImprove

/// What `run` and `start` take: a campaign's file, and what is to differ from it.
struct CampaignOptions: ParsableArguments {
    @Argument(help: "YAML file of the campaign.") var config: String
    @Option(help: "Seed of everything random, instead of the file's.") var seed: UInt64?
    @Option(help: "Stop after this many rounds, instead of the file's or what the campaign has now.") var rounds: Int?

    func validate() throws {
        guard rounds ?? 1 > 0 else { throw ValidationError("--rounds starts at 1") }
    }

    /// - Throws: every fault of the file at once.
    func configuration() throws -> CampaignConfiguration {
        try CampaignConfiguration.read(URL(fileURLWithPath: config), seed: seed)
    }
}

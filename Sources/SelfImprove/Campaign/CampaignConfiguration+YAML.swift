import Foundation
extension CampaignConfiguration {
    public static func read(_ url: URL, seed: UInt64? = nil) throws -> CampaignConfiguration { throw SelfImproveError(.configuration, "not yet") }
}

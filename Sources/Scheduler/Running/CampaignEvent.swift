import SelfImprove

/// What a campaign tells those who watch it. Everything that matters is in the lineage too.
public enum CampaignEvent: Sendable {
    /// It begins, or goes on where it was.
    case opened(CampaignRecord, rounds: Int?, resumed: Bool)
    case stepStarted(StepKey)
    case progress(StepKey, StepProgress.Report)
    case stepFinished(StepKey, seconds: Double)
    case roundFinished(RoundRecord)
    case ended(CampaignEnd)
}

/// Why a campaign is no longer running.
public struct CampaignEnd: Sendable, Equatable {
    /// The criterion that fired, in words.
    public var reason: String
    public var champion: String?

    public init(reason: String, champion: String?) {
        self.reason = reason
        self.champion = champion
    }
}

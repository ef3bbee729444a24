/// A model of a campaign, as people name it whatever the round: `nursery/champion`, `nursery/initial`.
enum CampaignAlias: String {
    case champion, initial

    /// Nil while the campaign is being prepared.
    func digest(in campaign: CampaignRecord) -> String? {
        switch self {
        case .champion: campaign.champion
        case .initial: campaign.initialModel
        }
    }
}

import Foundation
import Scheduler
import SelfImprove

/// What `run` ends with: the rounds, and what to do next.
struct CampaignSummary {
    let lineage: Lineage
    let campaign: String
    /// The file as it was named on the command line.
    let config: String

    init(_ lineage: Lineage, campaign: String, config: String) {
        self.lineage = lineage
        self.campaign = campaign
        self.config = config
    }

    func print(_ end: CampaignEnd) throws {
        let scores = try lineage.scores(campaign)
        func score(_ model: String?) -> String { model.flatMap { scores[$0] }.map { Text.percent($0.value) } ?? "-" }
        let record = try lineage.campaign(campaign)
        Output.line("")
        var rows = [["round", "SFT", "DPO", "outcome", "champion", "time"]]
        rows.append(["start", "", "", "", score(record.initialModel), ""])
        for round in try lineage.rounds(campaign) {
            rows.append([
                "\(round.round)", score(round.sftModel), score(round.dpoModel), round.outcome?.rawValue ?? "unfinished",
                score(round.championAfter),
                Text.time(round.seconds),
            ])
        }
        for line in Text.table(rows) { Output.line(line) }
        if let champion = record.champion.flatMap({ scores[$0] }) {
            Output.line(
                "held-out accuracy, n = \(champion.n); the champion's 95% interval is \(String(format: "%.1f to %.1f%%", 100 * champion.low, 100 * champion.high))"
            )
        }
        let next = (try lineage.rounds(campaign).map(\.round).max() ?? 0) + 2
        Output.line("")
        for line in Text.wrap("Ended: \(end.reason).", width: 79) { Output.line(line) }
        Output.line("Next:  selfimprove lineage \(campaign)             why each round ended as it did")
        Output.line("       selfimprove run \(config) --rounds \(next)     goes on")
        Output.line("       selfimprove export \(campaign)/champion DIR    a Hugging Face directory")
    }
}

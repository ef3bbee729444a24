import ArgumentParser
import Foundation
import SelfImprove

struct CriteriaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "criteria",
        abstract: "Show or change when a campaign stops, also while it runs.",
        discussion: """
            A running campaign looks again between rounds. KEY is one of

            \(Text.table(StopCriterion.all.map { ["  \($0.key)", $0.words] }).joined(separator: "\n"))

            VALUE is written as in the YAML file; a bound may have a colon for its space; off removes a criterion.

            selfimprove criteria nursery rounds=6 patience=off
            selfimprove criteria nursery length_ratio=above:1.5 distinct_2=below:0.1
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign.") var campaign: String
    @Argument(help: ArgumentHelp("Changes.", valueName: "KEY=VALUE")) var changes: [String] = []

    func run() async throws {
        let lineage = try Lineage.openExisting(state: state.url)
        var criteria = try lineage.campaign(campaign).criteria()
        if !changes.isEmpty {
            let parsed = try changes.map { change in
                let parts = change.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else {
                    throw SelfImproveError(
                        .input,
                        "\"\(change)\" is not KEY=VALUE",
                        hint: "such as rounds=5, or patience=off"
                    )
                }
                return (key: parts[0], value: parts[1])
            }
            // Through the daemon, where one runs: its page shows it at once.
            if let client = try DaemonClient.find(state.url) {
                let body = Dictionary(parsed.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
                criteria = try JSONDecoder().decode(
                    StopCriteria.self,
                    from: await client.send("PATCH", "/api/campaigns/\(campaign)/criteria", body)
                )
            } else {
                criteria = try lineage.changeCriteria(campaign, parsed, at: Date())
            }
        }
        if state.json { return try Output.json(criteria) }
        for line in Text.table(criteria.words.map { [$0.key, $0.value] }) { Output.line(line) }
    }
}

import ArgumentParser
import SelfImprove

struct CallsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calls",
        abstract: "What a campaign's peers behind endpoints were asked, and what it cost.",
        discussion: """
            Every call that has ended is kept, and a campaign that goes on does not repeat it. A failure is a call \
            that has no answer after all its tries; money is by price_per_million of the configuration.

            selfimprove calls my-campaign --steps      by round and step
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign.") var campaign: String
    @Flag(help: "Show each round and step.") var steps = false

    func run() async throws {
        let report = try Lineage.openExisting(state: state.url).calls(campaign)
        if state.json { return try Output.json(report) }
        if report.peers.isEmpty { return Output.line("\(campaign) has called no endpoint") }
        let heads = ["calls", "failed", "retries", "tokens in", "tokens out", "money", "seconds each"]
        print(["peer"] + heads, report.peers) { [$0.peer] }
        if steps {
            Output.line("")
            print(["round", "step", "peer"] + heads, report.steps) {
                ["\($0.round ?? 0)", $0.step?.rawValue ?? "", $0.peer]
            }
        }
        for line in report.peers {
            Output.line("\n\(line.peer): \(line.model) at \(line.endpoint)")
            if let failure = line.lastFailure { Output.line("  failed: \(failure)") }
            if let refused = try line.learnt?.decode(LearntParameters.self).words {
                Output.line("  not sent, since it refuses it: \(refused)")
            }
        }
    }

    private func print(_ head: [String], _ lines: [CallReport.Line], _ names: (CallReport.Line) -> [String]) {
        let rows = lines.map { line in
            names(line) + [
                "\(line.calls)", "\(line.failures)", "\(line.retries)", "\(line.promptTokens)",
                "\(line.completionTokens)", Text.fixed(line.money, 2), Text.fixed(line.meanSeconds, 2),
            ]
        }
        for row in Text.table([head] + rows) { Output.line(row) }
    }
}

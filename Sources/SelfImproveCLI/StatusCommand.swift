import ArgumentParser
import Foundation
import Scheduler
import SelfImprove

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "What runs, how far it is, and what comes next.",
        discussion:
            "Without a campaign: one line for each. With one: its round and step, scores, cost so far, and stop criteria."
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign; all of them by default.") var campaign: String?

    private struct Status: Encodable {
        var campaign: String
        var status: String
        var isRunning: Bool
        var round: Int
        var step: String?
        var champion: String?
        var score: Score?
        var seconds: Double
        var tokens: Int
        var criteria: StopCriteria
        var reason: String?
    }

    func run() async throws {
        let lineage = try Lineage.openExisting(state: state.url)
        let holder = StateLock.holder(state.url)
        let records = try campaign.map { [try lineage.campaign($0)] } ?? lineage.campaigns()
        let all = try records.map { try status($0, lineage, holder) }
        if state.json {
            if campaign != nil { try Output.json(all[0]) } else { for one in all { try Output.json(one) } }
            return
        }
        if campaign != nil { return show(all[0], try lineage.events(all[0].campaign, limit: 5), holder) }
        if all.isEmpty { return Output.line("no campaign yet; start one with: selfimprove run configs/nursery.yaml") }
        let rows = all.map {
            [
                $0.campaign, state(of: $0), "round \($0.round)", $0.step ?? "",
                $0.score.map { Text.percent($0.value) } ?? "", Text.time($0.seconds),
            ]
        }
        for line in Text.table([["campaign", "status", "round", "step", "champion", "time"]] + rows) {
            Output.line(line)
        }
    }

    private func status(_ record: CampaignRecord, _ lineage: Lineage, _ holder: Int32?) throws -> Status {
        let steps = try lineage.steps(record.name)
        let open = steps.last { $0.state == .running }
        return Status(
            campaign: record.name,
            status: record.status.rawValue,
            isRunning: record.status == .running && holder != nil,
            round: try lineage.rounds(record.name).last?.round ?? 0,
            step: open?.step.rawValue,
            champion: record.champion,
            score: try record.champion.flatMap { try lineage.scores(record.name)[$0] },
            seconds: record.runningSeconds,
            tokens: try lineage.tokensSpent(record.name),
            criteria: record.criteria,
            reason: record.stopReason
        )
    }

    /// A campaign that the lineage calls running, with nobody holding the lock, was cut off.
    private func state(of status: Status) -> String {
        status.status == "running" && !status.isRunning ? "cut off" : status.status
    }

    private func show(_ status: Status, _ events: [EventRecord], _ holder: Int32?) {
        var rows = [
            ["campaign", status.campaign], ["status", state(of: status) + (status.reason.map { ": \($0)" } ?? "")],
        ]
        if status.isRunning, let holder { rows.append(["process", "\(holder)"]) }
        rows.append(["round", "\(status.round)\(status.step.map { ", in step \($0)" } ?? "")"])
        if let champion = status.champion {
            rows.append(["champion", "\(champion.prefix(12))  \(status.score.map { Text.score($0) } ?? "")"])
        }
        rows.append(["so far", "\(Text.time(status.seconds)), \(status.tokens) tokens"])
        rows.append([
            "stops at",
            status.criteria.words.filter { $0.value != "off" }.map { "\($0.key) = \($0.value)" }.joined(
                separator: ", "
            ),
        ])
        for line in Text.table(rows) { Output.line(line) }
        Output.line("")
        for event in events {
            for line in Text.wrap(
                "\(Text.date(event.at))  \(event.kind.rawValue): \(event.message)",
                width: 79,
                indent: 22
            ) { Output.line(line) }
        }
        if state(of: status) == "cut off" || status.status == "interrupted" {
            Output.line("\nthe same selfimprove run goes on with the step it was in")
        }
    }
}

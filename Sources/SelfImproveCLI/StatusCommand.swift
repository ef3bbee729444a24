import ArgumentParser
import Foundation
import Scheduler
import SelfImprove

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show which campaigns run, and how far they are.",
        discussion:
            "Without a campaign: one line for each. With one: its round and step, scores, cost so far, and stop criteria."
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign; all of them by default.") var campaign: String?

    /// A campaign as the lineage has it, and whether a process is running it.
    private struct Status: Encodable {
        var campaign: CampaignStatus
        var isRunning: Bool

        /// The status to show. A campaign that the lineage calls running was cut off where no process holds the lock.
        var words: String {
            campaign.status == .running && !isRunning ? "cut off" : campaign.status.rawValue
        }

        enum CodingKeys: CodingKey {
            case campaign, status, isRunning, round, step, champion, score, seconds, tokens, criteria, reason
            case peers, quarantines
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(campaign.campaign, forKey: .campaign)
            try container.encode(campaign.status, forKey: .status)
            try container.encode(isRunning, forKey: .isRunning)
            try container.encode(campaign.round, forKey: .round)
            try container.encodeIfPresent(campaign.step?.name, forKey: .step)
            try container.encodeIfPresent(campaign.champion, forKey: .champion)
            try container.encodeIfPresent(campaign.score, forKey: .score)
            try container.encode(campaign.seconds, forKey: .seconds)
            try container.encode(campaign.tokens, forKey: .tokens)
            try container.encode(campaign.criteria, forKey: .criteria)
            try container.encodeIfPresent(campaign.reason, forKey: .reason)
            try container.encodeIfPresent(campaign.peers, forKey: .peers)
            try container.encodeIfPresent(campaign.quarantines, forKey: .quarantines)
        }
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
        if let campaign { return show(all[0], try lineage.events(campaign, limit: 5), holder) }
        if all.isEmpty { return Output.line("no campaign yet; start one with: selfimprove run configs/nursery.yaml") }
        let rows = all.map { status in
            [
                status.campaign.campaign, status.words, "round \(status.campaign.round)",
                status.campaign.step?.name.rawValue ?? "",
                status.campaign.score.map { Text.percent($0.value) } ?? "", Text.time(status.campaign.seconds),
            ]
        }
        for line in Text.table([["campaign", "status", "round", "step", "champion", "time"]] + rows) {
            Output.line(line)
        }
    }

    private func status(_ record: CampaignRecord, _ lineage: Lineage, _ holder: Int32?) throws -> Status {
        var campaign = try CampaignStatus(record, lineage: lineage)
        campaign.step = try lineage.steps(record.name).last { $0.state == .running }.map {
            CampaignStatus.Step(StepKey(campaign: $0.campaign, round: $0.round, step: $0.step, turn: $0.turn))
        }
        return Status(campaign: campaign, isRunning: record.status == .running && holder != nil)
    }

    private func show(_ status: Status, _ events: [EventRecord], _ holder: Int32?) {
        let campaign = status.campaign
        var rows = [
            ["campaign", campaign.campaign], ["status", status.words + (campaign.reason.map { ": \($0)" } ?? "")],
        ]
        if status.isRunning, let holder { rows.append(["process", "\(holder)"]) }
        rows.append(["round", "\(campaign.round)\(campaign.step.map { ", in step \($0.name.rawValue)" } ?? "")"])
        if let champion = campaign.champion {
            rows.append(["champion", "\(champion.prefix(12))  \(campaign.score.map { Text.score($0) } ?? "")"])
        }
        rows.append(["so far", "\(Text.time(campaign.seconds)), \(campaign.tokens) tokens"])
        for peer in campaign.peers ?? [] {
            let money = peer.money > 0 ? ", \(Text.fixed(peer.money, 2)) spent" : ""
            rows.append([
                peer.name,
                "\(peer.calls) calls, \(peer.failures) failed, \(peer.retries) retries, \(peer.tokens) tokens\(money)",
            ])
            if let failure = peer.lastFailure { rows.append(["", failure]) }
        }
        for notice in campaign.quarantines ?? [] { rows.append(["quarantine", notice.words]) }
        rows.append([
            "stops at",
            campaign.criteria.words.filter { $0.value != "off" }.map { "\($0.key) = \($0.value)" }.joined(
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
        if status.words == "cut off" || campaign.status == .interrupted {
            Output.line("\nthe same selfimprove run resumes the step that it was in")
        }
    }
}

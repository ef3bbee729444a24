import ArgumentParser
import Foundation
import Scheduler
import SelfImprove

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Stop replaying what a peer wrote or judged, and see what came of it.",
        discussion: """
            Tells which of the campaign's data carry the peer's prompts, drafts or verdicts and which models descend \
            from them, leaves those rows out of the replay of later rounds, and names the champion to go back to. A \
            round that has begun keeps what it drew. Nothing is deleted; --lift undoes it. NAME is a peer's, a \
            proposer's, a judge's, or that of a source of prompts.

            selfimprove quarantine nursery --peer letters --since 2 --reason "swapped weights"
            selfimprove quarantine nursery --peer letters --lift
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign.") var campaign: String
    @Option(help: ArgumentHelp("Whose prompts, drafts and verdicts.", valueName: "NAME")) var peer: String
    @Option(
        help: ArgumentHelp(
            "Only those of this round and later ones, or recorded at 2026-12-01T08:00:00Z or later.",
            valueName: "ROUND|TIME"
        )
    ) var since: String?
    @Option(help: "Kept in the lineage.") var reason: String?
    @Flag(help: "End the quarantine: later rounds replay its rows again.") var lift = false

    func validate() throws {
        if lift, since != nil { throw ValidationError("--lift takes no --since: a quarantine is lifted as a whole") }
    }

    func run() async throws {
        let lineage = try Lineage.openExisting(state: state.url)
        _ = try lineage.campaign(campaign)
        let request = QuarantineRequest(
            peer: peer,
            since: since,
            reason: reason,
            lift: lift,
            actor: ProcessInfo.processInfo.userName
        )
        var report: QuarantineReport
        // Through the daemon, where one runs: its page shows it at once.
        if let client = try DaemonClient.find(state.url) {
            let answer = try await client.send("POST", "/api/campaigns/\(campaign)/quarantine", request)
            report = try JSONDecoder().decode(QuarantineReport.self, from: answer)
        } else {
            report = try lineage.quarantine(campaign, request, at: Date())
        }
        report.rollback?.command += state.option
        if state.json { return try Output.json(report) }
        show(report)
    }

    private func show(_ report: QuarantineReport) {
        say(headline(report))
        say("\(report.peer) is: \(report.scope.words)")
        Output.line("")
        show(report.rounds)
        say(report.models.isEmpty ? "no model descends from them" : "descended: \(names(of: report.models))")
        if !report.champions.isEmpty { say("champions of them: \(champions(report.champions))") }
        Output.line("")
        if report.inForce {
            say(
                "From round \(report.fromRound) on, no such row of an earlier round is replayed. \(report.peer) still "
                    + "takes part as the configuration says: a campaign without it needs a name of its own."
            )
        } else {
            say("From round \(report.fromRound) on, its rows are replayed like all others.")
        }
        if let back = report.rollback {
            Output.line("The champion descends from them; the last one before, \(back.model.prefix(12)), is back with")
            Output.line("  \(back.command)")
        }
        if report.inForce {
            Output.line("Undo this with")
            Output.line("  selfimprove quarantine \(campaign) --peer \(report.peer) --lift\(state.option)")
        }
    }

    private func headline(_ report: QuarantineReport) -> String {
        let words = Quarantine.Notice(peer: report.peer, since: report.since, reason: report.reason).words
        return switch report.change {
        case .placed: "in quarantine: \(words)"
        case .changed: "in quarantine, in place of what was asked before: \(words)"
        case .lifted: "out of quarantine: \(report.peer)"
        case .none: report.inForce ? "already in quarantine: \(words)" : "not in quarantine: \(report.peer)"
        }
    }

    private func show(_ rounds: [QuarantineReport.Round]) {
        if rounds.isEmpty { return Output.line("no data carry its prompts, drafts or verdicts") }
        let head = ["round", "prompts", "drafts", "answers", "SFT rows", "replayed", "verdicts", "pairs", "DPO rows"]
        let rows = rounds.map { round in
            let counts = round.counts
            return [
                round.round, counts.prompts, counts.drafts, counts.answers, counts.sftRows, counts.replayedRows,
                counts.verdicts,
                counts.pairs, counts.dpoRows,
            ].map(String.init)
        }
        for line in Text.table([head] + rows) { Output.line(line) }
    }

    /// `r2-sft, r2-dpo`; those of other campaigns with its name.
    private func names(of models: [QuarantineReport.Model]) -> String {
        models.map { model in
            guard let round = model.round, let stage = model.kind.stage, let owner = model.campaign else {
                return String(model.model.prefix(12))
            }
            return (owner == campaign ? "" : "\(owner)/") + "r\(round)-\(stage.rawValue)"
        }.joined(separator: ", ")
    }

    private func champions(_ champions: [QuarantineReport.Champion]) -> String {
        champions.map { "r\($0.round)\($0.isChampionNow ? " (the champion now)" : "")" }.joined(separator: ", ")
    }

    private func say(_ text: String) {
        for line in Text.wrap(text, width: 79, indent: 2) { Output.line(line) }
    }
}

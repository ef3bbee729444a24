import ArgumentParser
import Foundation
import ModelFiles
import Scheduler
import SelfImprove

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow a campaign until it ends.",
        discussion: """
            Prints events as they happen, with a progress line on a terminal. Ctrl-C ends the watching, not the \
            campaign. Exit code 0: it finished; 1: it failed; 3: it was paused, stopped or interrupted, or \
            no process runs it any more.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign.") var campaign: String

    func run() async throws {
        let lineage = try Lineage.openExisting(state: state.url)
        _ = try lineage.campaign(campaign)
        var seen = try lineage.events(campaign, limit: 4).first?.id.map { $0 - 1 } ?? 0
        let isTerminal = isatty(STDERR_FILENO) == 1 && !state.json
        var unheld = 0
        while true {
            let status = try lineage.campaign(campaign).status
            for event in try lineage.events(campaign, after: seen) {
                seen = event.id ?? seen
                if isTerminal { clear() }
                if state.json {
                    try Output.json(event)
                } else {
                    for line in Text.wrap(
                        "\(Text.date(event.at))  \(event.kind.rawValue): \(event.message)",
                        width: 79,
                        indent: 22
                    ) { Output.line(line) }
                }
            }
            try Output.check()
            guard [.running, .queued].contains(status) else { break }
            // A process that was killed leaves a campaign that nobody runs; one look more, for it may just have begun.
            unheld = StateLock.holder(state.url) == nil ? unheld + 1 : 0
            if unheld > 2 {
                throw SelfImproveError(
                    .interrupted,
                    "no process runs it any more",
                    context: campaign,
                    hint: "the same selfimprove run, or selfimprove daemon, goes on with the step that it was in"
                )
            }
            if isTerminal, let client = try DaemonClient.find(state.url) { try await draw(client) }
            try await Task.sleep(for: .milliseconds(500))
        }
        let record = try lineage.campaign(campaign)
        if isTerminal { clear() }
        if !state.json {
            Output.line("\(campaign): \(record.status.rawValue)\(record.stopReason.map { ": \($0)" } ?? "")")
        }
        switch record.status {
        case .finished, .queued, .running: break
        case .failed: throw ExitCode(1)
        case .paused, .stopped, .interrupted: throw ExitCode(3)
        }
    }

    private func draw(_ client: DaemonClient) async throws {
        let status = try await client.status(campaign)
        var text = status.queuePosition.map { "        number \($0) in the queue" } ?? ""
        if let step = status.step {
            text =
                "        "
                + ProgressDisplay.bar(
                    step.title,
                    step.done,
                    step.total,
                    step.secondsLeft
                )
        }
        let peers = (status.peers ?? []).filter { $0.inFlight != nil }.map(Text.peer)
        if !peers.isEmpty { text += "  " + peers.joined(separator: ", ") }
        StandardStream.error.write("\r\u{1B}[K" + text.prefix(peers.isEmpty ? 79 : 160))
    }

    private func clear() { StandardStream.error.write("\r\u{1B}[K") }
}

import ArgumentParser
import Foundation
import Scheduler
import SelfImprove

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Hand a campaign to the daemon.",
        discussion:
            "The campaign waits for its turn in the daemon's queue. One that ended or was interrupted continues."
    )

    @OptionGroup var state: StateOptions
    @OptionGroup var campaign: CampaignOptions

    func run() async throws {
        let configuration = try campaign.configuration()
        let client = try DaemonClient.require(state)
        // Registered here, because the API refuses paths outside the state directory.
        try Lineage.open(state: state.url).register(configuration, rounds: campaign.rounds, by: .enqueue, at: Date())
        try await Control.report(client.send("POST", "/api/campaigns/\(configuration.campaign)/resume"), state)
    }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause a campaign before its next step.",
        discussion: "selfimprove resume continues it."
    )

    @OptionGroup var state: StateOptions
    @OptionGroup var target: Control.Target
    @Flag(help: "After the current batch; training resumes from there, other steps from their beginning.")
    var now = false

    func run() async throws { try await Control.send("pause", target.campaign, now: now, state) }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Put a campaign that was paused, stopped or interrupted back into the daemon's queue."
    )

    @OptionGroup var state: StateOptions
    @OptionGroup var target: Control.Target

    func run() async throws { try await Control.send("resume", target.campaign, now: false, state) }
}

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "End a campaign, before its next step.",
        discussion: "Its models and its lineage stay; selfimprove resume continues it."
    )

    @OptionGroup var state: StateOptions
    @OptionGroup var target: Control.Target
    @Flag(help: "After the current batch.") var now = false

    func run() async throws { try await Control.send("stop", target.campaign, now: now, state) }
}

/// The parts that these commands share.
enum Control {
    struct Target: ParsableArguments {
        @Argument(help: "Name of the campaign.") var campaign: String
    }

    static func send(_ verb: String, _ campaign: String, now: Bool, _ state: StateOptions) async throws {
        try await report(
            DaemonClient.require(state).send("POST", "/api/campaigns/\(campaign)/\(verb)", ["now": now]),
            state
        )
    }

    static func report(_ answer: Data, _ state: StateOptions) throws {
        if state.json { return Output.line(String(decoding: answer, as: UTF8.self)) }
        let status = try DaemonClient.decode(answer)
        let place = status.queuePosition.map { $0 > 1 ? ", number \($0) in the queue" : ", next in the queue" } ?? ""
        let request = status.pending.map { ", \($0.rawValue) before its next step" } ?? ""
        Output.line(
            "\(status.campaign): \(status.status.rawValue)\(place)\(request)\(status.reason.map { ", \($0)" } ?? "")"
        )
        Output.line("selfimprove watch \(status.campaign) follows it")
    }
}

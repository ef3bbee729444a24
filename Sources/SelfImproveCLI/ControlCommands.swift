import ArgumentParser
import Foundation
import Scheduler
import SelfImprove

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Hand a campaign to the daemon.",
        discussion:
            "It waits for its turn in the daemon's queue. The same for a campaign that ended or was interrupted: it goes on."
    )

    @OptionGroup var state: StateOptions
    @OptionGroup var campaign: CampaignOptions

    func run() async throws {
        let configuration = try campaign.configuration()
        let client = try DaemonClient.require(state)
        // Here, and not through the API, which takes no paths beyond the state directory.
        try Lineage.open(state: state.url).register(configuration, rounds: campaign.rounds, as: .queued, at: Date())
        try await Control.report(client.send("POST", "/api/campaigns/\(configuration.campaign)/resume"), state)
    }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let a campaign wait, before its next step.",
        discussion: "selfimprove resume goes on with it."
    )

    @OptionGroup var state: StateOptions
    @OptionGroup var target: Control.Target
    @Flag(help: "After the current batch; training goes on from there, other steps start anew.") var now = false

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
        discussion: "Its models and its lineage stay; selfimprove resume takes it up again."
    )

    @OptionGroup var state: StateOptions
    @OptionGroup var target: Control.Target
    @Flag(help: "After the current batch.") var now = false

    func run() async throws { try await Control.send("stop", target.campaign, now: now, state) }
}

/// What these commands share.
enum Control {
    struct Target: ParsableArguments {
        @Argument(help: "Name of the campaign.") var campaign: String
    }

    struct Status: Decodable {
        struct Step: Decodable {
            var round: Int
            var name: String
            var done: Int
            var total: Int
            var unit: String
            var secondsLeft: Double?
        }
        var campaign: String
        var status: String
        var reason: String?
        var round: Int
        var step: Step?
        var score: Score?
        var queuePosition: Int?
        var pending: String?
    }

    static func send(_ verb: String, _ campaign: String, now: Bool, _ state: StateOptions) async throws {
        try await report(
            DaemonClient.require(state).send("POST", "/api/campaigns/\(campaign)/\(verb)", ["now": now]),
            state
        )
    }

    static func report(_ answer: Data, _ state: StateOptions) throws {
        if state.json { return Output.line(String(decoding: answer, as: UTF8.self)) }
        let status = try JSONDecoder().decode(Status.self, from: answer)
        let place = status.queuePosition.map { $0 > 1 ? ", number \($0) in the queue" : ", next in the queue" } ?? ""
        let wish = status.pending.map { ", \($0) before its next step" } ?? ""
        Output.line("\(status.campaign): \(status.status)\(place)\(wish)\(status.reason.map { ", \($0)" } ?? "")")
        Output.line("selfimprove watch \(status.campaign) follows it")
    }
}

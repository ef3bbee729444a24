import ArgumentParser
import Foundation
import Scheduler
import SelfImprove

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Go back to an earlier champion; the next round starts from it.",
        discussion: """
            Nothing is deleted: later rounds stay in the lineage, but their answers are no longer replayed. To undo \
            it, roll back again.

            selfimprove rollback nursery --to 1 --reason "round 2 forgot to count"
            selfimprove run configs/nursery.yaml --rounds 4
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign.") var campaign: String
    @Option(
        help: ArgumentHelp("Number of a round (0: the start), or a model of the campaign.", valueName: "ROUND|MODEL")
    ) var to: String
    @Option(help: "Kept in the lineage.") var reason: String?
    @Flag(help: "Where the daemon is running it: give the round up at once, not after its current step.") var now =
        false

    func run() async throws {
        let lineage = try Lineage.openExisting(state: state.url)
        _ = try lineage.campaign(campaign)
        if let client = try DaemonClient.find(state.url) { return try await ask(client) }
        let lock = try StateLock.acquire(state: state.url)
        defer { lock.release() }
        let result = try lineage.rollback(campaign, to: to, reason: reason, at: Date())
        if state.json { return try Output.json(result) }
        if let round = result.abandonedRound { Output.line("round \(round) had begun and is given up") }
        Output.line("champion of \(campaign): \(result.to.prefix(12)), before \(result.from.prefix(12))")
        Output.line("the next round of selfimprove run starts from it; selfimprove lineage \(campaign) shows both")
    }

    private func ask(_ client: DaemonClient) async throws {
        struct Options: Encodable {
            var to: String
            var reason: String?
            var now: Bool
        }
        struct Answer: Decodable {
            var from: String?
            var to: String
        }
        let answer = try await client.send(
            "POST",
            "/api/campaigns/\(campaign)/rollback",
            Options(to: to, reason: reason, now: now)
        )
        if state.json { return Output.line(String(decoding: answer, as: UTF8.self)) }
        let done = try JSONDecoder().decode(Answer.self, from: answer)
        if let from = done.from {
            Output.line("champion of \(campaign): \(done.to.prefix(12)), before \(from.prefix(12))")
        } else {
            Output.line(
                "the daemon goes back to \(to) once the running step of \(campaign) has ended; --now does not wait"
            )
        }
    }
}

import ArgumentParser
import Dispatch
import Foundation
import Scheduler
import SelfImprove

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run one campaign in the foreground, or go on with it.",
        discussion: """
            CONFIG is a YAML file such as configs/nursery.yaml, which explains every key. The first run of a nursery \
            trains its models; then round follows round until a stop criterion holds. Ctrl-C stops after the current \
            batch: the same command resumes the interrupted step (training, after its last batch), and ends with the \
            same models.

            selfimprove run configs/nursery.yaml
            selfimprove run configs/nursery.yaml --rounds 5      two more rounds of a campaign that had 3
            """
    )

    @OptionGroup var state: StateOptions
    @OptionGroup var campaign: CampaignOptions
    @OptionGroup var checkpoints: CheckpointOptions

    func run() async throws {
        let configuration = try campaign.configuration()
        let lock = try StateLock.acquire(state: state.url)
        defer { lock.release() }
        let lineage = try Lineage.open(state: state.url)
        let display = ProgressDisplay(configuration, lineage: lineage, json: state.json)
        for line in Machine.warnings { display.note(line) }

        let runner = CampaignRunner(
            configuration,
            lineage: lineage,
            checkpointInterval: checkpoints.interval,
            observe: { display.show($0) }
        )
        let rounds = campaign.rounds
        let work = Task { try await runner.run(rounds: rounds) }
        let trouble = Task { try await EndpointTrouble(runner.endpoints, display).watch() }
        defer { trouble.cancel() }
        let signals = SignalWatch([SIGINT, SIGTERM]) {
            display.stopping()
            work.cancel()
        }
        defer { signals.stop() }
        let end: CampaignEnd
        do { end = try await work.value } catch {
            display.clear()
            throw error
        }
        if !state.json {
            try CampaignSummary(lineage, campaign: configuration.campaign, config: campaign.config).print(end)
        }
    }
}

/// Calls back on signals instead of letting them end the process. A second one ends it, unless the watch `repeats`.
final class SignalWatch {
    private let sources: [any DispatchSourceSignal]

    init(_ signals: [Int32], repeats: Bool = false, _ body: @escaping @Sendable () -> Void) {
        sources = signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if !repeats { signal(number, SIG_DFL) }
                body()
            }
            source.resume()
            return source
        }
    }

    func stop() { for source in sources { source.cancel() } }
}

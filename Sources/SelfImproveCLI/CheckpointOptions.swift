import ArgumentParser
import Scheduler
import SelfImprove

/// What `run`, `daemon` and `model train` take: how often training that runs is kept on disk.
struct CheckpointOptions: ParsableArguments {
    @Option(
        name: .customLong("checkpoint-every"),
        help:
            "Keep training that runs on disk at this interval, such as 30s or 5m; what is cut off goes on from there. Never takes more than 5% of the time.",
        transform: Self.interval
    )
    var interval = CampaignRunner.checkpointInterval

    private static func interval(_ text: String) throws -> Duration {
        guard let seconds = Duration.seconds(text) else {
            throw ValidationError("\"\(text)\" is no time such as 30s, 5m or 1h")
        }
        return .seconds(seconds)
    }
}

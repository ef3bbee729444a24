import Logging
import SelfImprove

/// A campaign's lines in the daemon's log: what a person who reads it should know, each with the campaign, the round
/// and the step that it is about.
struct CampaignLog: Sendable {
    private let logger: Logger

    init(_ logger: Logger, campaign: String) {
        var logger = logger
        logger[metadataKey: "campaign"] = "\(campaign)"
        self.logger = logger
    }

    func notice(_ message: Logger.Message) { logger.notice(message) }

    func error(_ message: Logger.Message) { logger.error(message) }

    func write(_ event: CampaignEvent) {
        switch event {
        case .opened(_, _, let resumed): logger.notice(resumed ? "goes on where it was" : "begins")
        case .stepStarted(let step): logger.info("begins", metadata: Self.place(step))
        case .progress: break
        case .stepFinished(let step, let seconds):
            logger.info(
                "done",
                metadata: Self.place(step).merging(["seconds": "\((seconds * 10).rounded() / 10)"]) { $1 }
            )
        case .roundFinished(let round):
            logger.notice(
                "\(round.outcome?.rawValue ?? "ended"): \(round.reason ?? "")",
                metadata: ["round": "\(round.round)"]
            )
        case .ended(let end): logger.notice("finished: \(end.reason)")
        }
    }

    private static func place(_ step: StepKey) -> Logger.Metadata {
        ["round": "\(step.round)", "step": "\(step.name)"]
    }
}

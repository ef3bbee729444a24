import ArgumentParser
import Foundation
import SelfImprove

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Dry run: prompts, calls, tokens, time and disk; and every fault of the configuration.",
        discussion: """
            Nothing is written. Models and files need not be there yet where the file says in `plan` what to take for \
            granted (configs/self-improvement.yaml). Time is estimated from a short measurement of this machine with \
            the student's shape.
            With --shape in place of a configuration: memory and time of fine-tuning a model of that shape, before you \
            have it, as in
            selfimprove plan --shape 8B --lora-rank 16 --batch 1 --length 512
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "YAML file of the campaign.") var config: String?
    @Option(help: "Instead of the file's.") var seed: UInt64?
    @OptionGroup(title: "Without a configuration") var training: TrainingPlanOptions

    func validate() throws {
        guard (config == nil) != (training.shape == nil) else {
            throw ValidationError("give either a configuration or --shape")
        }
    }

    func run() async throws {
        guard let config else { return try training.run(json: state.json) }
        let files = FileStore(root: state.url)
        var (configuration, assumptions) = try CampaignConfiguration.planned(URL(fileURLWithPath: config), seed: seed)
        configuration.locate { digest in
            let place = files.modelDirectory(digest).path
            return FileManager.default.fileExists(atPath: place) ? place : nil
        }
        let plan = try CampaignPlan(
            configuration,
            .measure(configuration, assumptions),
            prompts: .measure(configuration, assumptions),
            stateBytes: FileManager.default.fileExists(atPath: state.url.path) ? files.bytes() : 0,
            now: Date()
        )
        if state.json { return try Output.json(plan) }
        Output.line("campaign \(configuration.campaign), seed \(configuration.seed): the configuration has no fault")
        for path in assumptions?.absent ?? [] {
            Output.line("not there yet, and taken for granted as plan: says: \(path)")
        }
        var rows = [["", "prompts", "answers", "tokens", "time, about"]]
        for step in plan.steps {
            rows.append([step.name, "\(step.prompts)", "\(step.answers)", "\(step.tokens)", Text.time(step.seconds)])
        }
        for line in Text.table(rows) { Output.line(line) }
        let rounds = configuration.stop.rounds
        Output.line("")
        Output.line(
            "preparation \(Text.time(plan.preparationSeconds)), a round \(Text.time(plan.roundSeconds))\(rounds.map { ", \($0) rounds \(Text.time(plan.preparationSeconds + Double($0) * plan.roundSeconds))" } ?? "")"
        )
        if let pool = plan.pool {
            let rounds = pool.rounds == 1 ? "1 round" : "\(pool.rounds) rounds"
            Output.line("prompts: \(pool.prompts) fresh ones, enough for \(rounds) of up to \(pool.perRound)")
        }
        for line in plan.drawing?.lines ?? [] { Output.line("prompts: \(line)") }
        if plan.overlongPrompts > 0 {
            Output.line(
                "too long for the student, so that nothing is learned from them: \(plan.overlongPrompts) prompts"
            )
        }
        for peer in plan.peers { Output.line(Self.words(peer)) }
        if let preparation = plan.preparationMoney, let round = plan.roundMoney {
            Output.line("money: preparation \(Text.fixed(preparation, 2)), a round \(Text.fixed(round, 2))")
        }
        for context in plan.contexts { Output.line(Self.words(context, configuration.mixture)) }
        for training in plan.trainings { Output.line(Self.words(training)) }
        Output.line("disk: \(plan.bytesPerRound / 1_000_000 + 1) MB a round")
        Output.line(
            "stops at: "
                + configuration.stop.words.filter { $0.value != "off" }.map { "\($0.key) = \($0.value)" }.joined(
                    separator: ", "
                )
        )
        for line in Self.words(plan.stop) { Output.line(line) }
    }

    /// What a peer behind an endpoint is asked, and what that costs.
    private static func words(_ peer: PlannedPeer) -> String {
        func words(_ work: PlannedPeer.Work) -> String {
            "\(work.calls) calls, \(work.promptTokens) tokens in and \(work.completionTokens) out"
                + (work.money.map { ", \(Text.fixed($0, 2))" } ?? "")
                + (work.minutes.map { ", \(Text.time(60 * $0)) or more by its limits" } ?? "")
        }
        return "\(peer.name) (\(peer.model) at \(peer.endpoint)): preparation \(words(peer.preparation)); "
            + "a round \(words(peer.round))"
    }

    /// What a model is shown, and what becomes of prompts where that is too much.
    private static func words(_ context: PlannedContext, _ mixture: CampaignConfiguration.Mixture) -> String {
        let line =
            "context of \(context.name): about \(context.tokens) of \(context.positions) tokens, "
            + "\(context.most) where every answer is as long as it may be"
        guard context.most > context.positions else { return line }
        return line + "; what is too long is "
            + (mixture.tooLong == .shorten
                ? "shortened, every candidate alike" : "dropped (too_long: shorten cuts instead)")
    }

    /// What a step of a stage takes, and what to do where it is too much.
    private static func words(_ training: PlannedTraining) -> String {
        var how = [training.precision.rawValue]
        if let parameters = training.adapterParameters { how.append("an adapter of \(parameters) parameters") }
        if training.microBatches > 1 {
            how.append("\(training.microBatches) micro-batches of \(training.microBatchTokens) tokens a step")
        }
        if training.usesGradientCheckpointing { how.append("gradient checkpointing") }
        let gigabytes = String(format: "%.2f GB", Double(training.bytes) / 1e9)
        let line = "memory of \(training.stage.rawValue): \(gigabytes) (\(how.joined(separator: ", ")))"
        guard !training.fits, let capacity = training.capacity else { return line }
        let free = String(format: "%.2f GB", Double(capacity) / 1e9)
        return line + "; it does not fit: training may take \(free) here. Try lora: {rank: 16} under "
            + "\(training.stage.rawValue), or shorter answers"
    }

    /// Which criterion will probably fire first.
    private static func words(_ forecast: StopForecast) -> [String] {
        func when(_ entry: StopForecast.Entry) -> String {
            entry.round == 0 ? "before round 1" : "after round \(entry.round), \(Text.time(entry.seconds))"
        }
        var lines: [String] = []
        if let first = forecast.expected.first {
            let later = forecast.expected.dropFirst().map { "\($0.criterion) \(when($0))" }
            lines.append(
                "fires first, probably: \(first.criterion), \(when(first))\(later.isEmpty ? "" : "; then \(later.joined(separator: "; "))")"
            )
        }
        if !forecast.open.isEmpty {
            lines.append("depends on what the rounds bring: \(forecast.open.joined(separator: ", "))")
        }
        return lines
    }
}

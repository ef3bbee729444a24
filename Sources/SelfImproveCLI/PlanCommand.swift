import ArgumentParser
import Foundation
import LocalLM
import Scheduler
import SelfImprove

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Dry run: prompts, calls, tokens, time and disk; and every fault of the configuration.",
        discussion: """
            Nothing is written. Time is reckoned from a short measurement of this machine with the student's shape.
            With --shape in place of a configuration: memory and time of fine-tuning a model of that shape, before you have it, as in
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
        let configuration = try CampaignConfiguration.read(URL(fileURLWithPath: config), seed: seed)
        let files = FileStore(root: state.url)
        let plan = try CampaignPlan(
            configuration,
            stateBytes: FileManager.default.fileExists(atPath: state.url.path) ? files.bytes() : 0,
            now: Date()
        )
        if state.json { return try Output.json(plan) }
        Output.line("campaign \(configuration.campaign), seed \(configuration.seed): the configuration has no fault")
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
        Output.line("disk: \(plan.bytesPerRound / 1_000_000 + 1) MB a round")
        Output.line(
            "stops at: "
                + configuration.stop.words.filter { $0.value != "off" }.map { "\($0.key) = \($0.value)" }.joined(
                    separator: ", "
                )
        )
        for line in Self.words(plan.stop) { Output.line(line) }
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

/// What a campaign will ask of the machine.
struct CampaignPlan: Encodable {
    struct Step: Encodable {
        var name: String
        var prompts: Int
        var answers: Int
        /// Generated, scored and trained, prompts included where they are computed.
        var tokens: Int
        var seconds: Double
    }

    var steps: [Step]
    var preparationSeconds: Double
    var roundSeconds: Double
    var bytesPerRound: Int
    var stop: StopForecast

    /// - Throws: what loading the student throws.
    init(_ c: CampaignConfiguration, stateBytes: Int, now: Date) throws {
        let usesNursery: Bool, weights: Weights
        switch c.student {
        case .nursery:
            usesNursery = true
            weights = Initialization.nursery(try Nursery.architecture(), seed: 1)
        case .directory(let path):
            usesNursery = false
            weights = try Checkpoint.load(URL(fileURLWithPath: path, isDirectory: true)).weights
        }
        // Lengths: measured for nursery prompts; else a guess that the limit bounds.
        let prompt = usesNursery ? 14 : 200, answer = usesNursery ? 6 : min(c.mixture.maximumTokens, 300)
        let shape = weights.configuration
        let length = min(prompt + answer, shape.maximumPositions)
        let batch = max(1, c.sft.optimization.batchTokens / length)
        let training = try SpeedMeasurement.measure(
            .train,
            weights: weights.copy(),
            batch: min(batch, 16),
            length: length,
            threads: c.threads,
            repetitions: 3
        )
        let decoding = try SpeedMeasurement.measure(
            .decode,
            weights: weights,
            batch: 16,
            length: length,
            threads: c.threads,
            repetitions: 3
        )
        let muon =
            c.sft.optimization.optimizer == .muon ? Nursery.muonFactor(batchTokens: c.sft.optimization.batchTokens) : 1
        func generate(_ name: String, prompts: Int, answers: Int, prompt: Int) -> Step {
            let tokens = answers * answer
            return Step(
                name: name,
                prompts: prompts,
                answers: answers,
                tokens: tokens,
                seconds: Double(tokens + prompts * prompt / 4) / decoding.tokensPerSecond
            )
        }
        let n = c.prompts.perRound, proposers = c.mixture.proposers.count, layers = c.mixture.layers - 1
        let sftTokens = c.sft.tokens ?? Int(Self.sftRows(c) * Double(length) * (c.sft.epochs ?? 1))
        let pairs = c.dpo.enabled ? min(c.dpo.prompts, n) : 0
        let models = c.dpo.enabled ? 2 : 1
        var steps = [
            generate("propose", prompts: n, answers: n * proposers * layers, prompt: prompt),
            generate(
                "aggregate",
                prompts: n,
                answers: c.mixture.aggregator.rule == nil ? n : 0,
                prompt: prompt + proposers * answer
            ),
            Step(
                name: "sft",
                prompts: 0,
                answers: 0,
                tokens: sftTokens,
                seconds: muon * Double(sftTokens) / training.tokensPerSecond
            ),
        ]
        if c.dpo.enabled {
            let dpoTokens = Int(Double(pairs * 2 * length) * c.dpo.epochs / 3)
            steps.append(generate("sample", prompts: pairs, answers: pairs * c.dpo.samples, prompt: prompt))
            steps.append(
                Step(
                    name: "dpo",
                    prompts: 0,
                    answers: 0,
                    tokens: dpoTokens,
                    seconds: Double(dpoTokens) / training.tokensPerSecond
                )
            )
        }
        let heldOut = c.evaluation.gatePrompts + c.evaluation.reportPrompts
        steps.append(generate("evaluate", prompts: heldOut * models, answers: heldOut * models, prompt: prompt))
        let roundSeconds = steps.reduce(0) { $0 + $1.seconds }, roundTokens = steps.reduce(0) { $0 + $1.tokens }
        var preparation = generate("baseline", prompts: heldOut, answers: heldOut * (1 + c.peers.count), prompt: prompt)
        if let settings = c.nursery {
            let nursery = Nursery(settings, campaignSeed: c.seed, threads: c.threads)
            let seconds = nursery.work / training.tokensPerSecond
            steps.insert(Step(name: "nursery", prompts: 0, answers: 0, tokens: nursery.tokens, seconds: seconds), at: 0)
            preparation.seconds += seconds
            preparation.tokens += nursery.tokens
        }
        self.steps = steps
        preparationSeconds = preparation.seconds
        self.roundSeconds = roundSeconds
        bytesPerRound = models * weights.layout.count * 4 + n * 400 * (proposers + 2)
        stop = StopForecast(
            c.stop,
            .init(
                preparationSeconds: preparationSeconds,
                roundSeconds: roundSeconds,
                preparationTokens: preparation.tokens,
                roundTokens: roundTokens,
                roundBytes: bytesPerRound,
                bytes: stateBytes,
                pricePerHour: c.pricePerHour,
                now: now
            )
        )
    }

    /// Rows of one pass of SFT, on the average over the rounds: a round's own, and what it replays of those before it.
    private static func sftRows(_ c: CampaignConfiguration) -> Double {
        let own = Double(min(c.sft.maximumRows ?? .max, c.prompts.perRound)),
            before = Double((c.stop.rounds ?? 1) - 1) / 2
        return own + c.sft.replay * min(own * before, Double(c.sft.maximumReplayedRows ?? .max))
    }
}

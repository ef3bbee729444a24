import ArgumentParser
import Foundation
import LocalLM
import ModelFiles
import SelfImprove

struct ModelTrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Fine-tune a model: SFT on completions, or DPO on preferences.",
        discussion: """
            --data is TRL's conversational JSONL: {"prompt":[messages],"completion":[message]} for sft,
            {"prompt":[...],"chosen":[...],"rejected":[...]} for dpo. Prints one JSON line per step; writes a Hugging Face directory to --output,
            or with --lora-rank a PEFT adapter, which `model merge` joins with its base.

            Ctrl-C stops after the current step. What was cut off, by that or by a crash, is kept in OUTPUT.unfinished: the same command goes on
            with the step it was at, prints the steps behind it, and ends with the same bytes.
            """
    )

    enum Method: String, ExpressibleByArgument, CaseIterable { case sft, dpo }

    @OptionGroup var state: StateOptions
    @Argument(help: "sft or dpo.") var method: Method
    @Argument(help: "Directory, digest or alias.") var model: String
    @Option(help: "JSONL file of rows.") var data: String
    @Option(help: "Folder to write; must not exist.") var output: String
    @Option(help: "Optimizer steps; one pass over the data by default.") var steps: Int?
    @Option(help: "Rows (pairs with dpo) per micro-batch.") var batchSize = 8
    @Option(help: "Micro-batches per step.") var gradientAccumulation = 1
    @Option(help: "Peak learning rate.") var learningRate = 1e-5
    @Option(help: "constant, linear or cosine.") var schedule: OptimizationSettings.Schedule = .linear
    @Option(help: "Steps from 0 to the peak.") var warmupSteps = 0
    @Option(help: "Not applied to norms.") var weightDecay = 0.01
    @Option(help: "Gradients are scaled down to this norm; 0: never.") var maxGradNorm = 1.0
    @Option(help: "Longer rows are cut (the end goes), and dropped if no target is left.") var maxLength = 1024
    @Option(help: "DPO's inverse temperature.") var beta = 0.1
    @Option(
        help:
            "Of matrix products: fp32, bf16 (operands rounded, sums in fp32), or auto: bf16 where the processor multiplies it."
    )
    var precision: PrecisionOption = .auto
    @Flag(
        help:
            "Keep only the inputs of layers, and do their forward pass again in the backward pass: less memory, a third more time."
    )
    var gradientCheckpointing = false
    @OptionGroup(title: "Low-rank adaptation") var lora: LoRAOptions
    @OptionGroup var checkpoints: CheckpointOptions
    @Option(help: "Of the order of the rows, and of a new adapter.") var seed: UInt64 = 0
    @Flag(help: "Keep the order of the file.") var noShuffle = false
    @Option(
        help: "Shards of a batch, each on a core; all cores by default. The result depends on it in the last digits."
    ) var threads: Int?

    func validate() throws {
        guard steps ?? 1 > 0, batchSize > 0, gradientAccumulation > 0, maxLength > 0, threads ?? 1 > 0 else {
            throw ValidationError(
                "--steps, --batch-size, --gradient-accumulation, --max-length and --threads start at 1"
            )
        }
        guard learningRate >= 0, weightDecay >= 0, maxGradNorm >= 0, warmupSteps >= 0, beta > 0 else {
            throw ValidationError(
                "--learning-rate, --weight-decay, --max-grad-norm and --warmup-steps start at 0, and --beta lies above 0"
            )
        }
        guard !FileManager.default.fileExists(atPath: output) else {
            throw ValidationError("--output \(output) exists; name a new folder")
        }
    }

    func run() async throws {
        let work = Task { try await Computation.run("model train") { try self.train($0) } }
        let signals = SignalWatch([SIGINT, SIGTERM]) {
            Output.error("stopping after this step; once more to stop at once")
            work.cancel()
        }
        defer { signals.stop() }
        try await work.value
    }

    private func train(_ cancellation: Computation.Cancellation) throws {
        let directory = try state.modelDirectory(model), checkpoint = try Checkpoint.load(directory)
        _ = try checkpoint.chatTemplate()
        let adapter = try lora.adapter(for: checkpoint.configuration, seed: seed)
        let weights = adapter == nil ? checkpoint.weights.copy() : checkpoint.weights
        let memory: ActivationMemory? = gradientCheckpointing ? .checkpoint : nil
        let file = URL(fileURLWithPath: data)
        let cores = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let limit = min(maxLength, checkpoint.configuration.maximumPositions)
        func keep(_ rows: Data) throws -> KeptTraining {
            try KeptTraining(
                beside: output,
                every: checkpoints.interval,
                identity: identity(directory, rows, cores),
                cancellation
            )
        }
        let kept: KeptTraining
        switch method {
        case .sft:
            let rows = try JSONLines.read(SFTRow.self, from: file)
            let examples = try rows.compactMap { try checkpoint.example($0, maximumLength: limit) }
            try report(dropped: rows.count - examples.count, of: rows.count)
            kept = try keep(JSONLines.encode(rows))
            let plan = plan(rows: examples.count)
            try checkMemory(plan, examples.map { [$0] }, checkpoint.configuration, adapter, memory, cores)
            let trainer = try SFTTrainer(
                weights: weights,
                adapter: adapter,
                settings: settings(plan.count),
                precision: precision.training,
                threads: cores,
                memory: memory
            )
            try kept.run(trainer, plan) { try trainer.step($0.map { $0.map { examples[$0] } }) }
        case .dpo:
            let rows = try JSONLines.read(PreferenceRow.self, from: file)
            let pairs = try rows.compactMap { try checkpoint.preferenceExample($0, maximumLength: limit) }
            try report(dropped: rows.count - pairs.count, of: rows.count)
            kept = try keep(JSONLines.encode(rows))
            let plan = plan(rows: pairs.count)
            try checkMemory(
                plan,
                pairs.map { [$0.chosen, $0.rejected] },
                checkpoint.configuration,
                adapter,
                memory,
                cores
            )
            let trainer = try DPOTrainer(
                weights: weights,
                adapter: adapter,
                settings: settings(plan.count),
                beta: beta,
                precision: precision.training,
                threads: cores,
                memory: memory
            )
            // The reference is the model as it was given, without an adapter; what it thinks of the pairs is computed once.
            let referenced = try trainer.reference(pairs)
            try kept.run(trainer, plan) { try trainer.step($0.map { $0.map { referenced[$0] } }) }
        }
        let place = URL(fileURLWithPath: output, isDirectory: true)
        if let adapter {
            try adapter.save(to: place, base: directory.path)
        } else {
            try checkpoint.replacing(weights).save(to: place)
        }
        try kept.remove()
    }

    /// All that decides what the training computes.
    /// - Parameter rows: as they were read, encoded.
    private func identity(_ directory: URL, _ rows: Data, _ threads: Int) throws -> [String] {
        let adapter = try lora.adapter.map { URL(fileURLWithPath: $0, isDirectory: true) }.map { folder in
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().filter {
                $0.hasPrefix("adapter_")
            }
            .map { ContentDigest.sha256(try Data(contentsOf: folder.appendingPathComponent($0))) }.joined(
                separator: " "
            )
        }
        let numbers: [Any] = [
            learningRate, schedule, warmupSteps, weightDecay, maxGradNorm, maxLength, beta, precision.training, seed,
            noShuffle, threads,
            steps ?? 0, batchSize, gradientAccumulation, gradientCheckpointing,
        ]
        let lowRank: [Any] = [
            lora.rank, lora.alpha ?? 0, lora.dropout, lora.modules, lora.isRankStabilized, adapter ?? "",
        ]
        return [method.rawValue, try Checkpoint.digest(directory), ContentDigest.sha256(rows)]
            + (numbers + lowRank).map { "\($0)" }
    }

    /// Refuses what cannot fit before the first step.
    private func checkMemory(
        _ plan: [[[Int]]],
        _ rows: [[Example]],
        _ configuration: ModelConfiguration,
        _ adapter: Adapter?,
        _ memory: ActivationMemory?,
        _ threads: Int
    ) throws {
        try TrainingMemory(
            configuration,
            adapter: adapter?.settings,
            precision: precision.training,
            threads: threads,
            batches: plan.joined().map { $0.flatMap { rows[$0] } },
            memory: memory
        ).check()
    }

    /// Steps of micro-batches of row numbers; passes are shuffled anew until there are enough.
    private func plan(rows: Int) -> [[[Int]]] {
        var steps: [[[Int]]] = []
        var pass: UInt64 = 0
        let wanted =
            self.steps ?? max(1, (rows + batchSize * gradientAccumulation - 1) / (batchSize * gradientAccumulation))
        while steps.count < wanted {
            let batches = BatchPlan.fixed(
                count: rows,
                batchSize: batchSize,
                seed: noShuffle ? nil : RandomKey.derive(seed, pass)
            )
            steps += stride(from: 0, to: batches.count, by: gradientAccumulation).map {
                Array(batches[$0..<min($0 + gradientAccumulation, batches.count)])
            }
            pass += 1
        }
        return Array(steps.prefix(wanted))
    }

    private func settings(_ steps: Int) -> OptimizationSettings {
        OptimizationSettings(
            optimizer: .adamW,
            learningRate: learningRate,
            schedule: schedule,
            warmupSteps: warmupSteps,
            totalSteps: steps,
            weightDecay: weightDecay,
            maximumGradientNorm: maxGradNorm
        )
    }

    private func report(dropped: Int, of total: Int) throws {
        guard dropped < total else {
            throw LocalLMError(
                .input,
                total == 0 ? "no rows" : "none of the \(total) rows has a target within --max-length",
                context: data
            )
        }
        if dropped > 0 {
            Output.error(
                "note: \(dropped) of \(total) rows dropped (no target within --max-length, or the prompt is not a prefix of the conversation)"
            )
        }
    }
}

extension OptimizationSettings.Schedule: ExpressibleByArgument {}

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
            --data is TRL's conversational JSONL: {"prompt":[messages],"completion":[message]} for sft, \
            or {"messages":[messages]}, of which every message of the assistant is trained;
            {"prompt":[...],"chosen":[...],"rejected":[...]} for dpo. Prints one JSON line per step; writes a Hugging \
            Face directory to --output, or with --lora-rank a PEFT adapter, which `model merge` merges into its base.

            Ctrl-C stops after the current step. A run that was interrupted, by that or by a crash, is kept in \
            OUTPUT.unfinished: the same command resumes after its last step, prints the steps that follow, and ends \
            with the same bytes.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "sft or dpo.") var method: Stage
    @Argument(help: "Directory, GGUF file, digest or alias.") var model: String
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
    var precision: PrecisionChoice = .auto
    @Option(
        help:
            "Tokens that pass through the model at once, at most: larger micro-batches are cut. By default they are where they would not fit into memory."
    )
    var microBatchTokens: Int?
    @Flag(
        help:
            "Keep only the inputs of layers, and do their forward pass again in the backward pass: less memory, a third more time. Done in any case where a row would not fit into memory otherwise."
    )
    var gradientCheckpointing = false
    @Option(help: "Number format of the model that is written: fp32, bf16, or auto: bf16 where the model came in bf16.")
    var store: PrecisionChoice = .fp32
    @OptionGroup(title: "Low-rank adaptation") var lora: LoRAOptions
    @OptionGroup var checkpoints: CheckpointOptions
    @Option(help: "Of the order of the rows, and of a new adapter.") var seed: UInt64 = 0
    @Flag(help: "Keep the order of the file.") var noShuffle = false
    @Option(
        help: "Shards of a batch, each on a core; all cores by default. The result depends on it in the last digits."
    ) var threads: Int?

    func validate() throws {
        guard steps ?? 1 > 0, batchSize > 0, gradientAccumulation > 0, maxLength > 0, threads ?? 1 > 0,
            microBatchTokens ?? 1 > 0
        else {
            throw ValidationError(
                "--steps, --batch-size, --gradient-accumulation, --max-length, --micro-batch-tokens and --threads start at 1"
            )
        }
        guard learningRate >= 0, weightDecay >= 0, maxGradNorm >= 0, warmupSteps >= 0, beta > 0 else {
            throw ValidationError(
                "--learning-rate, --weight-decay, --max-grad-norm and --warmup-steps start at 0, and --beta lies above 0"
            )
        }
        try NewFolder.check(output, "--output")
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
        let location = try state.modelLocation(model), checkpoint = try Checkpoint.load(location).timeless
        _ = try checkpoint.chatTemplate()
        let adapter = try lora.adapter(for: checkpoint.configuration, seed: seed)
        let file = URL(fileURLWithPath: data)
        let rows: (data: TrainingData, bytes: Data, count: Int)
        switch method {
        case .sft:
            let read = try JSONLines.read(SFTRow.self, from: file)
            rows = (.supervised(read), JSONLines.encode(read), read.count)
        case .dpo:
            let read = try JSONLines.read(PreferenceRow.self, from: file)
            rows = (.preferences(read), JSONLines.encode(read), read.count)
        }
        let job = try job(
            base: Checkpoint.digest(location),
            storage: checkpoint.storage,
            dataset: ContentDigest.sha256(rows.bytes)
        )
        let kept = try KeptTraining(beside: output, every: checkpoints.interval, job, cancellation)
        let loop: TrainingLoop
        do {
            loop = try TrainingLoop(job, base: checkpoint, adapter: adapter, data: rows.data) {
                JSONLines.place(ofRow: $0, in: file)
            }
        } catch let failure as TrainingFailure {
            guard case .noRows(let given, let unlike) = failure, given > 0, unlike < given else {
                let (message, hint) = failure.words
                throw LocalLMError(.input, rows.count == 0 ? "no rows" : message, context: data, hint: hint)
            }
            throw LocalLMError(.input, "none of the \(given) rows has a target within --max-length", context: data)
        }
        if loop.dropped > 0 {
            let unlike = loop.unlike > 0 ? ", \(loop.unlike) as their prompt is not a prefix of the conversation" : ""
            let long = loop.dropped - loop.unlike
            Output.error(
                "note: \(loop.dropped) of \(rows.count) rows dropped: \(long) for want of a target within --max-length\(unlike)"
            )
        }
        noteFit(loop.fit)
        let parameters = try kept.run(loop)
        let place = URL(fileURLWithPath: output, isDirectory: true)
        if let adapter {
            try adapter.save(to: place, base: location.path)
        } else {
            try checkpoint.replacing(parameters).save(to: place, as: store.weights ?? checkpoint.storage)
        }
        try kept.remove()
    }

    /// Says what nobody asked for: the memory of this machine did.
    private func noteFit(_ fit: TrainingFit) {
        var done: [String] = []
        if let tokens = fit.microBatchTokens, microBatchTokens == nil {
            done.append("micro-batches of \(tokens) tokens")
        }
        if fit.activations == .checkpoint, !gradientCheckpointing { done.append("gradient checkpointing") }
        if !done.isEmpty { Output.error("note: to fit into memory, training uses \(done.joined(separator: " and "))") }
    }

    /// The job that the options describe.
    private func job(base: String, storage: Precision, dataset: String) throws -> TrainingJob {
        TrainingJob(
            base: base,
            dataset: dataset,
            method: method == .sft ? .sft : .dpo(beta: beta, nllWeight: 0),
            optimizer: .adamW,
            learningRate: learningRate,
            schedule: schedule,
            warmupSteps: warmupSteps,
            weightDecay: weightDecay,
            maximumGradientNorm: maxGradNorm,
            batches: .byRows(
                count: batchSize,
                accumulation: gradientAccumulation,
                steps: steps,
                isShuffled: !noShuffle
            ),
            maximumLength: maxLength,
            cutsLongRows: true,
            tuning: FineTuningSettings(
                precision: precision,
                lora: lora.rank > 0 ? try lora.settings() : nil,
                microBatchTokens: microBatchTokens,
                gradientCheckpointing: gradientCheckpointing ? .on : .auto
            ),
            adapterBase: try lora.adapterDigest(),
            storage: store.weights ?? storage,
            seed: seed,
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount
        )
    }
}

extension OptimizationSettings.Schedule: ExpressibleByArgument {}
extension Stage: ExpressibleByArgument {}
extension PrecisionChoice: ExpressibleByArgument {}

import ArgumentParser
import Foundation
import LocalLM
import ModelFiles
import SelfImprove

/// `plan --shape`: what fine-tuning a model of some shape takes.
struct TrainingPlanOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Plan the fine-tuning of a model of this shape: \(ModelShape.help)")) var shape: String?
    @Option(help: "Sequences per step.") var batch = 4
    @Option(help: "Tokens per sequence.") var length = 256
    @Option(help: "Of matrix products: fp32, bf16 or auto.") var precision: PrecisionChoice = .auto
    @Option(name: .customLong("lora-rank"), help: "Train an adapter of this rank; 0: all weights.") var rank = 0
    @Flag(help: "Keep only the inputs of layers.") var gradientCheckpointing = false
    @Option(help: "Cores to use; all by default.") var threads: Int?

    func validate() throws {
        guard batch > 0, length > 1, rank >= 0, threads ?? 1 > 0 else {
            throw ValidationError("--batch and --threads start at 1, --length at 2, --lora-rank at 0")
        }
    }

    func run(json: Bool) throws {
        guard let shape else { return }
        let plan = try TrainingForecast.measure(
            .named(shape, positions: length),
            adapter: rank > 0 ? LoRASettings(rank: rank, alpha: Double(2 * rank)) : nil,
            precision: precision.training,
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
            batch: batch,
            length: length,
            memory: gradientCheckpointing ? .checkpoint : nil
        )
        if json { return try Output.json(plan) }
        func gigabytes(_ bytes: Int) -> String { String(format: "%.2f GB", Double(bytes) / 1e9) }
        Output.line(
            "\(plan.parameters) parameters, \(plan.trainedParameters) of them trained, in \(plan.precision.rawValue), \(batch) x \(length) tokens a step"
        )
        let memory = plan.memory
        var rows = [["memory", gigabytes(memory.total)]]
        for (name, bytes) in memory.parts where bytes > 0 { rows.append(["  \(name)", gigabytes(bytes)]) }
        if let available = plan.availableBytes { rows.append(["free here", gigabytes(available)]) }
        for line in Text.table(rows) { Output.line(line) }
        Output.line(
            "time: \(Int(plan.tokensPerSecond)) tokens/s, \(Text.time(1e6 / plan.tokensPerSecond)) for a million (measured on this machine, large models by a few layers)"
        )
        if !plan.fits {
            Output.line("it does not fit: lower --batch or --length, or try --gradient-checkpointing or --lora-rank")
        }
    }
}

extension ModelConfiguration {
    /// Of `--shape`.
    static func named(_ shape: String, positions: Int) throws -> ModelConfiguration {
        do { return try ModelShape.configuration(shape, positions: positions) } catch let error as LocalLMError {
            throw ValidationError("--shape: \(error.message)")
        }
    }
}

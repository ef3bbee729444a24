import ArgumentParser
import Foundation
import LocalLM
import ModelFiles
import SelfImprove

/// What `model train` takes to train a low-rank adapter in place of the weights.
struct LoRAOptions: ParsableArguments {
    @Option(
        name: .customLong("lora-rank"),
        help: "Train a low-rank adapter of this rank, and write it as a PEFT directory; 0: train all weights."
    )
    var rank = 0
    @Option(name: .customLong("lora-alpha"), help: "The adapter counts alpha / rank; twice the rank by default.")
    var alpha: Double?
    @Option(name: .customLong("lora-dropout"), help: "Share of the adapter's inputs that SFT drops.") var dropout = 0.0
    @Option(
        name: .customLong("lora-modules"),
        help:
            "Adapted layers, separated by commas: \(LoRASettings.Module.allCases.map(\.rawValue).joined(separator: ",")); all of them by default."
    )
    var modules = "all"
    @Flag(name: .customLong("rslora"), help: "Count the adapter alpha / sqrt(rank).") var isRankStabilized = false
    @Option(help: ArgumentHelp("Go on training this PEFT adapter; its settings count.", valueName: "DIR")) var adapter:
        String?

    func validate() throws {
        guard rank >= 0 else { throw ValidationError("--lora-rank starts at 0") }
        guard rank == 0 || adapter == nil else {
            throw ValidationError("--adapter brings its own rank; leave out --lora-rank")
        }
        guard rank > 0 || (alpha == nil && dropout == 0 && modules == "all" && !isRankStabilized) else {
            throw ValidationError("--lora-alpha, --lora-dropout, --lora-modules and --rslora need --lora-rank")
        }
        if rank > 0 {
            do { try settings().validate() } catch let error as LocalLMError { throw ValidationError("\(error)") }
        }
    }

    /// What is trained in place of the weights; nil: the weights themselves.
    func adapter(for configuration: ModelConfiguration, seed: UInt64) throws -> Adapter? {
        if let adapter {
            return try Adapter.load(URL(fileURLWithPath: adapter, isDirectory: true), for: configuration, seed: seed)
        }
        return rank > 0 ? try Adapter(settings(), for: configuration, seed: seed) : nil
    }

    /// Digest of the files of `--adapter`; nil where none is trained further.
    func adapterDigest() throws -> String? {
        guard let adapter else { return nil }
        let folder = URL(fileURLWithPath: adapter, isDirectory: true)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().filter {
            $0.hasPrefix("adapter_")
        }
        return ContentDigest.sha256(
            try files.map { ContentDigest.sha256(try Data(contentsOf: folder.appendingPathComponent($0))) }
                .joined(separator: " ")
        )
    }

    /// Of `--lora-rank`.
    func settings() throws -> LoRASettings {
        let all = LoRASettings.Module.allCases
        let chosen =
            try modules == "all"
            ? all
            : modules.split(separator: ",").map { name in
                guard let module = LoRASettings.Module(rawValue: String(name)) else {
                    throw ValidationError(
                        "--lora-modules: \"\(name)\" is none of \(all.map(\.rawValue).joined(separator: ", "))"
                    )
                }
                return module
            }
        return LoRASettings(
            rank: rank,
            alpha: alpha ?? Double(2 * rank),
            dropout: dropout,
            isRankStabilized: isRankStabilized,
            modules: Set(chosen)
        )
    }
}

/// What commands that use a model take to use it with an adapter.
struct AdapterOption: ParsableArguments {
    @Option(help: ArgumentHelp("Merge this PEFT adapter into the model first.", valueName: "DIR")) var adapter: String?

    func applied(to checkpoint: Checkpoint) throws -> Checkpoint {
        guard let adapter else { return checkpoint }
        let loaded = try Adapter.load(URL(fileURLWithPath: adapter, isDirectory: true), for: checkpoint.configuration)
        return try checkpoint.merging(loaded)
    }
}

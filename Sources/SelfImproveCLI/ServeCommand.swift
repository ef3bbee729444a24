import ArgumentParser
import Foundation
import LocalLM
import Logging
import SelfImprove
import Server

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "An OpenAI-compatible endpoint of one model.",
        discussion: """
            Chat completions, completions and models under /v1, with streaming, n, stop, seed and logprobs. Concurrent \
            requests share one batch. An address other than a loopback one requires a bearer token in the environment \
            variable SELFIMPROVE_TOKEN. The daemon serves every model of its lineage in the same way.

            selfimprove serve nursery/champion
            curl http://127.0.0.1:8322/v1/chat/completions -d '{"model":"nursery/champion",\
            "messages":[{"role":"user","content":"Reverse the word mavd."}]}'
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Directory, GGUF file, digest or alias.") var model: String
    @Option(help: "Address to listen on.") var host = "127.0.0.1"
    @Option(help: "Port to listen on; 0 for a free one.") var port = 8322
    @Option(help: ModelGenerate.weightsHelp) var weights: WeightFormat?
    @Option(help: "Cores to use; all by default.") var threads: Int?

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port goes from 0 to 65535") }
        guard threads ?? 1 > 0 else { throw ValidationError("--threads starts at 1") }
    }

    func run() async throws {
        let checkpoint = try state.checkpoint(model)
        var logger = Logger(label: "selfimprove") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .notice
        let models = try ServedModels(
            .single(id: model, checkpoint, weights: weights),
            threads: threads ?? Machine.cores
        )
        let server = try HTTPServer(
            .model(models),
            address: .init(host: host, port: port),
            token: AccessToken.find(),
            logger: logger
        )
        let host = host, state = state, model = model
        let work = Task {
            try await server.run { port in
                do {
                    if state.json {
                        try Output.json(["event": "listening", "host": host, "port": "\(port)", "model": model])
                    } else {
                        Output.line(
                            "\(model) at http://\(host.contains(":") ? "[\(host)]" : host):\(port)/v1; Ctrl-C ends it"
                        )
                    }
                } catch { Output.error("selfimprove: \(error)") }
            }
        }
        let signals = SignalWatch([SIGINT, SIGTERM]) { work.cancel() }
        defer { signals.stop() }
        try await work.value
    }
}

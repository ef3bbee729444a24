import ArgumentParser
import Foundation
import Logging
import Scheduler
import SelfImprove
import Server

struct DaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon",
        abstract: "The long-running service: a queue of campaigns, an API and a dashboard.",
        discussion: """
            Runs one campaign at a time. After a kill at any moment, the next daemon resumes where this one was. \
            SIGTERM and SIGINT end it within seconds: training is saved after its current batch and resumes from \
            there. The dashboard is at http://127.0.0.1:8321/. An address other than a loopback one requires a bearer \
            token in the environment variable SELFIMPROVE_TOKEN, or in the file that SELFIMPROVE_TOKEN_FILE names; \
            SIGHUP reads that file again.

            selfimprove daemon
            selfimprove start configs/nursery.yaml       from another terminal
            selfimprove watch nursery
            """
    )

    @OptionGroup var state: StateOptions
    @Option(help: "Address to listen on.") var host = HTTPServer.defaultAddress.host
    @Option(help: "Port to listen on; 0 for a free one.") var port = HTTPServer.defaultAddress.port

    @OptionGroup var checkpoints: CheckpointOptions

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port goes from 0 to 65535") }
    }

    func run() async throws {
        let lock = try StateLock.acquire(state: state.url)
        defer { lock.release() }
        let lineage = try Lineage.open(state: state.url)
        var logger = Logger(label: "selfimprove") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .notice
        let log = logger
        var campaigns = logger
        campaigns.logLevel = .info
        let daemon = Daemon(lineage, checkpointInterval: checkpoints.interval, logger: campaigns)
        let token = try AccessToken.find()
        let models = try ServedModels(.lineage(lineage), threads: Machine.cores)
        let server = try HTTPServer(
            .daemon(daemon, models),
            address: .init(host: host, port: port),
            token: token,
            logger: logger
        )
        let manager = ServiceManager()
        let host = host, state = state

        let (started, start) = AsyncStream<Void>.makeStream()
        let signals = SignalWatch([SIGINT, SIGTERM]) {
            manager.stopping()
            Task { await daemon.shutdown() }
        }
        let reload = SignalWatch([SIGHUP], repeats: true) { Self.reload(token, daemon, log) }
        defer {
            signals.stop()
            reload.stop()
        }
        // The first task to end ends the others: the queue after a signal, or the server where it cannot listen. The
        // queue waits for the server, so that no campaign runs in a daemon that cannot be reached.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in started { break }
                try await daemon.run()
            }
            group.addTask {
                try await server.run { port in
                    do { try DaemonAddress(pid: getpid(), host: host, port: port).write(to: state.url) } catch {
                        log.error("\(error)")
                    }
                    manager.ready("listening on \(host):\(port)")
                    Self.announce(host, port, json: state.json)
                    start.yield()
                }
            }
            group.addTask { await Self.feedWatchdog(daemon.hub, manager) }
            defer { group.cancelAll() }
            try await group.next()
        }
        try DaemonAddress.remove(from: state.url)
    }

    /// SIGHUP: reads the token's file and the queue again. Configurations and criteria are in the lineage and always
    /// current.
    private static func reload(_ token: AccessToken?, _ daemon: Daemon, _ logger: Logger) {
        do {
            try token?.reload()
            daemon.lookAgain()
            logger.notice("SIGHUP: \(token == nil ? "the queue was" : "the token and the queue were") read again")
        } catch { logger.error("SIGHUP: the old token stays in force: \(error)") }
    }

    private static func announce(_ host: String, _ port: Int, json: Bool) {
        let shown = host.contains(":") ? "[\(host)]" : host
        do {
            if json {
                try Output.json(["event": "listening", "host": host, "port": "\(port)"])
            } else {
                Output.line(
                    "listening on http://\(shown):\(port)/ (dashboard and API); Ctrl-C ends it without losing work"
                )
            }
        } catch { Output.error("selfimprove: \(error)") }
    }

    /// Feeds the watchdog with every message of a campaign, and with the hub's heartbeat while no step is running.
    private static func feedWatchdog(_ hub: EventHub, _ manager: ServiceManager) async {
        guard let (id, messages) = hub.subscribe() else { return }
        defer { hub.unsubscribe(id) }
        for await message in messages where message != .heartbeat || !hub.isBusy { manager.alive() }
    }
}

import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Scheduler
import SelfImprove
import ServiceLifecycle

/// The HTTP server of the daemon (API, events, dashboard, metrics, every model of the lineage) or of one model.
///
/// A loopback address needs no bearer token, any other does. No part of a request becomes a path of the file system.
public struct HTTPServer: Sendable {
    public struct Address: Sendable, Equatable {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        var isLoopback: Bool { ["127.0.0.1", "::1", "localhost"].contains(host) }
    }

    public static let defaultAddress = Address(host: "127.0.0.1", port: 8321)

    static let maximumBody = 1 << 20
    private static let maximumConnections = 512

    /// What the server offers.
    public enum Content: Sendable {
        case daemon(Daemon, ServedModels)
        case model(ServedModels)
    }

    private let content: Content
    private let address: Address
    private let token: AccessToken?
    private let logger: Logger

    /// - Parameter token: what `Authorization: Bearer` must carry; nil only on loopback.
    /// - Throws: `.refused` without a token for an address that other machines can reach.
    public init(_ content: Content, address: Address, token: AccessToken?, logger: Logger) throws {
        guard address.isLoopback || token != nil else {
            throw SelfImproveError(
                .refused,
                "other machines can reach \(address.host), and no token is set",
                context: "--host",
                hint: "set the environment variable SELFIMPROVE_TOKEN, or bind to 127.0.0.1"
            )
        }
        self.content = content
        self.address = address
        self.token = token
        self.logger = logger
    }

    /// Serves until the task is cancelled.
    /// - Parameter onStart: receives the port, which the system chose where the address has port 0.
    public func run(onStart: @escaping @Sendable (Int) async -> Void) async throws {
        let application = Application(
            router: router(),
            server: .http1(configuration: .init(additionalChannelHandlers: [ConnectionLimits(), ClientPresence()])),
            configuration: .init(
                address: .hostname(address.host, port: address.port),
                serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)
            ),
            onServerRunning: { await onStart($0.localAddress?.port ?? 0) },
            logger: logger
        )
        // Open requests may finish within a few seconds; event streams end with the hub.
        var configuration = ServiceGroupConfiguration(services: [application], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(3)
        let group = ServiceGroup(configuration: configuration)
        let work = Task { try await group.run() }
        try await withTaskCancellationHandler {
            do { try await work.value } catch { throw refusal(error) ?? error }
        } onCancel: {
            Task { await group.triggerGracefulShutdown() }
        }
    }

    /// In a person's words why nobody can be served at the address.
    private func refusal(_ error: any Error) -> SelfImproveError? {
        let place = "\(address.host):\(address.port)"
        switch error {
        case let error as IOError:
            let hint =
                switch error.errnoCode {
                case EADDRINUSE: "another program listens there: stop it, or choose another with --port (0: any)"
                case EACCES: "ports below 1024 need the rights of root: choose another with --port"
                case EADDRNOTAVAIL: "this machine does not have that address: see --host"
                default: "see --host and --port"
                }
            let reason = String(cString: strerror(error.errnoCode))
            return SelfImproveError(.failed, "nobody can be served here: \(reason)", context: place, hint: hint)
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            return SelfImproveError(.input, "there is no such host", context: place, hint: "see --host")
        default: return nil
        }
    }

    func router() -> Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        let counters = RequestCounters(), routes = RouteTable()
        router.middlewares.add(ErrorBodies(counters: counters, routes: routes))
        router.middlewares.add(AccessGuard(token: token, isLoopback: address.isLoopback))
        router.get("healthz") { _, _ in try JSONResponse.make(["status": "ok"]) }
        let models: ServedModels
        switch content {
        case .daemon(let daemon, let served):
            PageRoutes(daemon: daemon, counters: counters).add(to: router)
            CampaignRoutes(daemon: daemon).add(to: router)
            models = served
        case .model(let served): models = served
        }
        CompletionRoutes(models: models, now: { Date() }, random: { .random(in: 0...UInt64.max) }).add(to: router)
        routes.fill(from: router)
        return router
    }
}

import Foundation
import Synchronization

/// The endpoints of a campaign: one client for each peer, with its limits and its breaker, for all who ask it.
public final class EndpointCatalog: Sendable {
    private let campaign: String
    private let log: any CallLog
    private let environment: [String: String]
    private let now: @Sendable () -> Date
    private let state = Mutex(State())

    private struct State {
        var transport: CurlTransport?
        var models: [String: RemoteModel] = [:]
    }

    /// - Parameter environment: where keys are, and what names a proxy.
    public init(
        campaign: String,
        log: any CallLog,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        now: @escaping @Sendable () -> Date
    ) {
        self.campaign = campaign
        self.log = log
        self.environment = environment
        self.now = now
    }

    /// Looks for the keys of a campaign's peers, before anything is trained or spent.
    /// - Throws: `.configuration` where a variable is not set.
    public func check(_ configuration: CampaignConfiguration) throws {
        for peer in configuration.peers {
            if case .endpoint(let endpoint) = peer.model { _ = try model(endpoint) }
        }
    }

    func model(_ endpoint: EndpointSettings) throws -> RemoteModel {
        try state.withLock { state in
            if let model = state.models[endpoint.name] { return model }
            let transport = try state.transport ?? CurlTransport(environment: environment)
            state.transport = transport
            let client = EndpointClient(
                endpoint,
                secret: try endpoint.secret(environment: environment),
                transport: transport,
                learnt: try log.learnt(of: endpoint.name)
            )
            let model = RemoteModel(client: client, log: log, campaign: campaign, now: now)
            state.models[endpoint.name] = model
            return model
        }
    }

    /// What each peer that was asked has done since this process began, by name.
    public var figures: [String: EndpointFigures] {
        state.withLock { $0.models.mapValues(\.client.figures) }
    }
}

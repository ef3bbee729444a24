import Hummingbird
import Scheduler
import SelfImprove

/// `GET /api/events`: server-sent events. `campaign` carries a campaign's whole status whenever something about it
/// changed, `progress` the running step a few times a second; comments keep the connection alive.
struct EventStream: Sendable {
    private let daemon: Daemon

    init(_ daemon: Daemon) { self.daemon = daemon }

    private struct Progress: Encodable {
        var campaign: String
        var step: CampaignStatus.Step
        var peers: [PeerStatus]?

        enum CodingKeys: CodingKey { case campaign, peers }

        func encode(to encoder: any Encoder) throws {
            try step.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(campaign, forKey: .campaign)
            try container.encodeIfPresent(peers, forKey: .peers)
        }
    }

    private static func some(_ peers: [PeerStatus]) -> [PeerStatus]? { peers.isEmpty ? nil : peers }

    /// - Throws: 503 where too many streams are open.
    func response(to request: Request) throws -> Response {
        guard let (id, messages) = daemon.hub.subscribe() else {
            throw HTTPError(.serviceUnavailable, message: "too many event streams are open")
        }
        let daemon = daemon
        return ServerSentEvent.response(
            ResponseBody { writer in
                defer { daemon.hub.unsubscribe(id) }
                // A client that left is noticed at once, not at the next message.
                try await request.body.consumeWithInboundCloseHandler { _ in
                    for status in try await daemon.statuses() {
                        try await writer.write(ServerSentEvent.json(status, name: "campaign"))
                    }
                    for await message in messages {
                        let event =
                            switch message {
                            case .changed(let campaign):
                                try await ServerSentEvent.json(daemon.status(campaign), name: "campaign")
                            case .progress(let campaign, let step):
                                try await ServerSentEvent.json(
                                    Progress(campaign: campaign, step: step, peers: Self.some(daemon.peers(campaign))),
                                    name: "progress"
                                )
                            case .heartbeat: ServerSentEvent.comment
                            }
                        try await writer.write(event)
                    }
                } onInboundClosed: {
                    daemon.hub.unsubscribe(id)
                }
                try await writer.finish(nil)
            }
        )
    }
}

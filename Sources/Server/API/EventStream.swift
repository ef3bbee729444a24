import Foundation
import Hummingbird
import Scheduler
import SelfImprove

/// `GET /api/events`: server-sent events (WHATWG HTML, "Server-sent events"). `campaign` carries a campaign's whole status, whenever
/// something about it changed; `progress` the step that runs, a few times a second; comments keep the connection alive.
struct EventStream: Sendable {
    private let daemon: Daemon

    init(_ daemon: Daemon) { self.daemon = daemon }

    private struct Progress: Encodable {
        var campaign: String
        var step: CampaignStatus.Step

        enum CodingKeys: CodingKey { case campaign }

        func encode(to encoder: any Encoder) throws {
            try step.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(campaign, forKey: .campaign)
        }
    }

    /// - Throws: 503 where too many listen already.
    func response(to request: Request) throws -> Response {
        guard let (id, messages) = daemon.hub.subscribe() else {
            throw HTTPError(.serviceUnavailable, message: "too many event streams are open")
        }
        let daemon = daemon
        let body = ResponseBody { writer in
            defer { daemon.hub.unsubscribe(id) }
            // A client that left is noticed at once, not when there is news for it.
            try await request.body.consumeWithInboundCloseHandler { _ in
                for status in try await daemon.statuses() { try await writer.write(Self.event("campaign", status)) }
                for await message in messages {
                    switch message {
                    case .changed(let campaign): try await writer.write(Self.event("campaign", daemon.status(campaign)))
                    case .progress(let campaign, let step):
                        try await writer.write(Self.event("progress", Progress(campaign: campaign, step: step)))
                    case .heartbeat: try await writer.write(ByteBuffer(string: ":\n\n"))
                    }
                }
            } onInboundClosed: {
                daemon.hub.unsubscribe(id)
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: body
        )
    }

    private static func event(_ name: String, _ value: some Encodable) throws -> ByteBuffer {
        ByteBuffer(string: "event: \(name)\ndata: \(try JSONResponse.text(value))\n\n")
    }
}

import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Notices that a client has left while its request is worked on, so that nothing is computed for nobody. A client that
/// closes its side of the connection alone counts as gone, as with most servers.
final class ClientPresence: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart

    private var isGone = false
    private var listeners: [ObjectIdentifier: Listener] = [:]

    private final class Listener: Sendable {
        let leave: @Sendable () -> Void
        init(_ leave: @escaping @Sendable () -> Void) { self.leave = leave }
    }

    /// Runs `body`, and calls `leave` once where the client of `channel` leaves before it ends.
    static func watch<Value>(
        _ channel: any Channel,
        onLeaving leave: @escaping @Sendable () -> Void,
        _ body: () async throws -> Value
    ) async rethrows -> Value {
        let listener = Listener(leave)
        defer { change(channel) { $0.listeners[ObjectIdentifier(listener)] = nil } }
        change(channel) { presence in
            if presence.isGone { listener.leave() } else { presence.listeners[ObjectIdentifier(listener)] = listener }
        }
        return try await body()
    }

    /// On the connection's own thread; in order, where called in order.
    private static func change(_ channel: any Channel, _ body: @escaping @Sendable (ClientPresence) -> Void) {
        channel.eventLoop.execute {
            // No presence: a connection that is closed already has no handlers, and a router without sockets neither.
            guard let presence = try? channel.pipeline.syncOperations.handler(type: ClientPresence.self) else { return }
            body(presence)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        isGone = true
        for listener in listeners.values { listener.leave() }
        listeners = [:]
    }
}

import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Deadlines and budgets of one connection, so that slow, idle and endless clients cannot keep others out.
///
/// Comes after the decoder and sees whole parts only: a header that arrives byte by byte does not count as one.
final class ConnectionLimits: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// From the connection to its first header.
    static let firstHeader = TimeAmount.seconds(10)
    /// From the end of a response to the next header.
    static let nextHeader = TimeAmount.seconds(60)
    /// From the header of a request to its end.
    static let wholeRequest = TimeAmount.seconds(60)
    /// How long a client may leave a response unread.
    static let unread = TimeAmount.seconds(60)
    /// How long a client may take to close a connection after we have half-closed it.
    static let lingering = TimeAmount.seconds(2)
    /// Bytes of a body that are read, even of a refused request.
    static let body = 2 * HTTPServer.maximumBody

    private var reading: Scheduled<Void>?
    private var writing: Scheduled<Void>?
    private var isRequestOpen = false
    private var bodyBytes = 0
    private var unanswered = 0
    private var closesAfterAnswer = false

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { close(context, after: Self.firstHeader) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    func channelActive(context: ChannelHandlerContext) {
        close(context, after: Self.firstHeader)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isRequestOpen = true
            bodyBytes = 0
            unanswered += 1
            close(context, after: Self.wholeRequest)
            if head.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(.init(status: .continue))), promise: nil)
            }
            context.fireChannelRead(wrapInboundOut(.head(ended(head))))
        case .body(let bytes):
            bodyBytes += bytes.readableBytes
            guard bodyBytes <= Self.body else { return context.close(promise: nil) }
            context.fireChannelRead(data)
        case .end:
            isRequestOpen = false
            reading?.cancel()
            context.fireChannelRead(data)
        }
    }

    /// Closes the connection after this request where the client asks for it, in upper or lower case, and where it
    /// asks for another protocol: the decoder reads no request after an `Upgrade`.
    private func ended(_ head: HTTPRequest) -> HTTPRequest {
        let options = (head.headerFields[.connection] ?? "").lowercased().split(separator: ",").map {
            $0.filter { $0 != " " }
        }
        guard options.contains("close") || head.headerFields[.upgrade] != nil else { return head }
        closesAfterAnswer = true
        var head = head
        head.headerFields[.connection] = "close"
        return head
    }

    // MARK: Responses

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where closesAfterAnswer:
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            unanswered -= 1
            if unanswered <= 0, !isRequestOpen { close(context, after: Self.nextHeader) }
            context.write(data, promise: promise)
        default: context.write(data, promise: promise)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writing?.cancel()
        if !context.channel.isWritable {
            writing = context.eventLoop.assumeIsolated().scheduleTask(in: Self.unread) { context.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    /// After a half-close we no longer read, so the connection is closed fully after `lingering`, even if the client
    /// keeps it open.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        let sent = promise ?? context.eventLoop.makePromise()
        sent.futureResult.assumeIsolated().whenComplete { _ in
            if context.channel.isActive { self.close(context, after: Self.lingering) }
        }
        context.close(mode: mode, promise: sent)
    }

    // MARK: Timers

    private func close(_ context: ChannelHandlerContext, after time: TimeAmount) {
        reading?.cancel()
        reading = context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
    }

    private func cancel() {
        reading?.cancel()
        writing?.cancel()
    }
}

import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Deadlines and budgets of one connection, so that slow, idle and endless clients cannot keep others out.
///
/// Sits behind the decoder and sees whole parts only: a header that comes byte by byte counts as no header.
final class ConnectionLimits: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What a new connection has for its first header.
    static let firstHeader = TimeAmount.seconds(10)
    /// What it has for each further header, from the end of the answer before.
    static let nextHeader = TimeAmount.seconds(60)
    /// From the header of a request to its end.
    static let wholeRequest = TimeAmount.seconds(60)
    /// How long a client may leave an answer unread.
    static let unread = TimeAmount.seconds(60)
    /// What a client has to close a connection that we have ended.
    static let lingering = TimeAmount.seconds(2)
    /// Bytes of a body that are read, also of one that was refused.
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

    /// A connection that its client wants closed, in whatever letters, and one on which nothing can follow: behind a wish for another
    /// protocol the decoder reads no further request.
    private func ended(_ head: HTTPRequest) -> HTTPRequest {
        let wishes = (head.headerFields[.connection] ?? "").lowercased().split(separator: ",").map {
            $0.filter { $0 != " " }
        }
        guard wishes.contains("close") || head.headerFields[.upgrade] != nil else { return head }
        closesAfterAnswer = true
        var head = head
        head.headerFields[.connection] = "close"
        return head
    }

    // MARK: Answers

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

    /// Half a close, once everything is sent: nobody here reads on, so the other half follows whether the client closes or not.
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

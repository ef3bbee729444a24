/// Carries HTTP calls: `CurlTransport`, and scripted ones in tests.
public protocol HTTPTransport: Sendable {
    /// One call, once: nothing is tried again here. When the task is cancelled the call ends at once, as `.cancelled`.
    func send(_ call: HTTPCall) async -> Result<HTTPReply, HTTPFailure>
}

/// A request, and how much of everything its reply may take.
public struct HTTPCall: Sendable {
    public enum Method: Sendable, Equatable {
        case get
        case post([UInt8])
    }

    public struct Limits: Sendable, Equatable {
        /// Bytes of the body as it is decoded: what a compressed body unfolds to counts.
        public var bodyBytes: Int
        /// Bytes of all headers, those of redirects and trailers included.
        public var headerBytes: Int

        public init(bodyBytes: Int = 8 << 20, headerBytes: Int = 64 << 10) {
            self.bodyBytes = bodyBytes
            self.headerBytes = headerBytes
        }
    }

    public var method: Method
    /// `http` or `https`, without user info.
    public var url: String
    /// Beside those that every call has. One with a control character fails the call.
    public var headers: [HTTPHeader]
    /// Sent as `Authorization: Bearer`.
    public var secret: Secret?
    public var timeouts: HTTPTimeouts
    public var limits: Limits

    public init(
        _ method: Method,
        url: String,
        headers: [HTTPHeader] = [],
        secret: Secret? = nil,
        timeouts: HTTPTimeouts = HTTPTimeouts(),
        limits: Limits = Limits()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.secret = secret
        self.timeouts = timeouts
        self.limits = limits
    }
}

public struct HTTPHeader: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// How long a call waits for what, in seconds. All but `connect` are looked at ten times a second.
public struct HTTPTimeouts: Sendable, Hashable, Codable {
    /// Until the connection stands, TLS included.
    public var connect: Double
    /// From the call's beginning until the first byte of the reply: where answers are not streamed, this is how long
    /// the model may take to write one.
    public var firstByte: Double
    /// Between two bytes of the reply.
    public var stall: Double
    /// For everything, redirects included.
    public var total: Double

    public init(connect: Double = 10, firstByte: Double = 300, stall: Double = 60, total: Double = 600) {
        self.connect = connect
        self.firstByte = firstByte
        self.stall = stall
        self.total = total
    }
}

/// What an endpoint answered, whatever its status. Nothing in it is trusted.
public struct HTTPReply: Sendable {
    public let status: Int
    public let headers: [HTTPHeader]
    public let body: [UInt8]

    public init(status: Int, headers: [HTTPHeader] = [], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header of this name, in whatever letter case.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}

/// Why a call has no reply. Texts are the library's and the endpoint's: they are shown through `ShownText` only.
public enum HTTPFailure: Error, Sendable, Equatable {
    public enum Phase: String, Sendable { case connect, firstByte, stall, total }

    case cancelled
    /// No connection: an unknown name, a port where nobody listens.
    case unreachable(String)
    case timedOut(Phase)
    /// The connection ended in mid-reply, or what came was not HTTP.
    case cut(String)
    /// The body is longer than this many bytes.
    case bodyTooLarge(Int)
    /// The headers are longer than this many bytes.
    case headersTooLarge(Int)
    /// A redirect that is not followed, and where it wanted to go: another host, or a fourth one.
    case redirected(to: String)
    /// TLS could not be verified.
    case untrusted(String)
    /// The call itself cannot be sent: its URL, its headers.
    case invalid(String)
}

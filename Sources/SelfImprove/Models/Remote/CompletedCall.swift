/// An answer of an endpoint.
public struct CompletedCall: Sendable, Equatable {
    public var text: String
    /// Nil where it was not said.
    public var finishReason: RemoteFinishReason?
    /// Nil where it was not said.
    public var usage: EndpointUsage?
    /// Sum of the answer's natural logprobs; nil where it was not said.
    public var logprob: Double?
    /// Of the call that succeeded, in seconds.
    public var latency: Double
    /// Calls made for it, with those that taught which parameters to leave out.
    public var tries: Int
    public var status: Int
    /// What the endpoint calls the model that answered; nil where it does not say.
    public var model: String?
    /// What was asked for and not sent, for the endpoint refuses it.
    public var leftOut: [OptionalParameter]
    /// The endpoint wrote the key into its answer; `[key]` stands in its place.
    public var keyEchoed: Bool
}

/// How likely an endpoint's model finds a text.
public struct ScoredCall: Sendable, Equatable {
    /// Nil where prompt and text cannot be told apart, for one token holds the end of the one and the beginning of the
    /// other.
    public var likelihood: EchoedLikelihood?
    public var usage: EndpointUsage?
    /// Seconds.
    public var latency: Double
    public var tries: Int
    public var status: Int
    public var model: String?
}

/// Why a call has no answer. It costs this call alone.
public struct CallFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case cancelled
        /// No connection.
        case unreachable
        case timedOut = "timed_out"
        /// The connection ended in mid-reply, or what came was not HTTP.
        case cut
        /// A body or headers beyond the limit.
        case tooLarge = "too_large"
        /// To another host, or for the fourth time.
        case redirected
        /// TLS could not be verified.
        case untrusted
        /// The call cannot be sent as it is.
        case invalid
        /// Not JSON, or JSON that is something else.
        case garbage
        case emptyChoices = "empty_choices"
        case wrongModel = "wrong_model"
        /// 401, 402, 403, and 429 for a quota that is used up: the key is missing, wrong, or may not do this any more.
        case unauthorised
        /// The conversation does not fit the model.
        case tooLong = "too_long"
        /// Any other 4xx.
        case refused
        /// 429: too many calls, or none left that are paid for.
        case limited
        /// 5xx.
        case serverError = "server_error"
        /// The circuit breaker has been open for longer than a call waits.
        case unavailable
        /// The endpoint answers, but cannot do this: echo a text with its logprobs.
        case unsupported
    }

    public let kind: Kind
    /// Safe to show: one line, no key, no control characters, at most 300 characters.
    public let message: String
    public let status: Int?
    /// Calls made.
    public let tries: Int
    /// Whether the same call may succeed later without anything being changed.
    public let retryable: Bool

    public init(kind: Kind, message: String, status: Int? = nil, tries: Int = 0, retryable: Bool = false) {
        self.kind = kind
        self.message = message
        self.status = status
        self.tries = tries
        self.retryable = retryable
    }

    public var description: String { message }
}

/// What an endpoint has done since its client was made.
public struct EndpointFigures: Sendable, Equatable {
    /// Calls that wait for a place.
    public internal(set) var waiting = 0
    /// Calls that have one: sent, or waiting to be sent again.
    public internal(set) var inFlight = 0
    public internal(set) var done = 0
    /// Calls that ended without an answer, cancelled ones left out.
    public internal(set) var failures = 0
    /// Times that a call was made again.
    public internal(set) var retries = 0
    /// Bytes of bodies.
    public internal(set) var bytesSent = 0
    public internal(set) var bytesReceived = 0
    /// Tokens that the endpoint says it read and wrote.
    public internal(set) var usage = EndpointUsage(promptTokens: 0, completionTokens: 0)
    public internal(set) var breaker = CircuitBreaker.State.closed
    /// What the last failed try said, safe to show; also where a later one succeeded.
    public internal(set) var lastFault: String?
}

import Foundation

/// What became of one try, for those who decide what happens next.
struct CallFault: Error, Sendable {
    var kind: CallFailure.Kind
    /// As it came.
    var message: String
    var status: Int?
    /// Whether the same call is made again.
    var isRetried: Bool
    /// Seconds that the endpoint asked for.
    var retryAfter: Double?
    var refusal: ParameterRefusal?
    /// Whether it counts against the endpoint: one that limits, refuses or says nonsense is up.
    var isOutage: Bool { isRetried && ![.limited, .garbage, .emptyChoices, .wrongModel].contains(kind) }

    init(_ failure: HTTPFailure) {
        isRetried = false
        switch failure {
        case .cancelled: (kind, message) = (.cancelled, "cancelled")
        case .unreachable(let text): (kind, message, isRetried) = (.unreachable, "cannot be reached: \(text)", true)
        case .timedOut(let phase): (kind, message, isRetried) = (.timedOut, Self.words(phase), true)
        case .cut(let text): (kind, message, isRetried) = (.cut, "the reply was cut off: \(text)", true)
        case .bodyTooLarge(let limit): (kind, message) = (.tooLarge, "the reply is longer than \(limit) bytes")
        case .headersTooLarge(let limit): (kind, message) = (.tooLarge, "its headers are longer than \(limit) bytes")
        case .redirected(let place): (kind, message) = (.redirected, "a redirect to \(place) is not followed")
        case .untrusted(let text): (kind, message) = (.untrusted, "TLS cannot be verified: \(text)")
        case .invalid(let text): (kind, message) = (.invalid, text)
        }
    }

    init(_ fault: ReplyFault, reply: HTTPReply, now: Date) {
        status = reply.status
        isRetried = true
        switch fault {
        case .garbage(let what): (kind, message) = (.garbage, "the reply makes no sense: \(what)")
        case .emptyChoices: (kind, message) = (.emptyChoices, "the reply has no choices")
        case .wrongModel(let said): (kind, message) = (.wrongModel, "another model answered: \(said)")
        case .refused(let refused):
            status = refused.status
            kind = Self.kind(refused)
            message = "status \(refused.status)" + (refused.message.isEmpty ? "" : ": \(refused.message)")
            // A gateway's 200 with an error in it says nothing about whose fault it is.
            isRetried = kind != .unauthorised && (RetryPolicy.isRetried(status: refused.status) || refused.status < 300)
            retryAfter = RetryAfter.seconds(reply, now: now)
            refusal = refused.parameters
        }
    }

    /// Nothing that was said is wrong, but it is of no use.
    init(unsupported message: String, status: Int) {
        (kind, self.message, self.status, isRetried) = (.unsupported, message, status, false)
    }

    private static func kind(_ refusal: ReplyFault.Refusal) -> CallFailure.Kind {
        if refusal.isTooLong { return .tooLong }
        if refusal.isUnpaid { return .unauthorised }
        switch refusal.status {
        case 401, 402, 403: return .unauthorised
        case 429: return .limited
        case 500...: return .serverError
        case ..<300: return .garbage
        default: return .refused
        }
    }

    private static func words(_ phase: HTTPFailure.Phase) -> String {
        switch phase {
        case .connect: "the connection took too long"
        case .firstByte: "the reply took too long to begin"
        case .stall: "the reply stopped in the middle"
        case .total: "the call took too long"
        }
    }
}

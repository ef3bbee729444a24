import LocalLM
import ModelFiles
import Synchronization

/// The calls to one endpoint: so many at the same time, so many a minute, made again where that can help, kept away
/// while it is down. Nothing here throws: what an endpoint does is data.
///
///     let client = EndpointClient(settings, secret: secret, transport: try CurlTransport())
///     let answer = await client.complete(.init(model: "gpt-4o", messages: [.init(role: "user", content: "2 + 2?")]))
public final class EndpointClient: Sendable {
    public let settings: EndpointSettings

    let secret: Secret?
    let clock: CallClock
    private let transport: any HTTPTransport
    private let retry: RetryPolicy
    private let places: ConcurrencyLimit
    private let rate: RateLimiter
    private let state: Mutex<State>

    private struct State {
        var figures = EndpointFigures()
        var learnt: LearntParameters
        var breaker: CircuitBreaker
        var random: RandomStream
        var listed: [ListedModel]?
    }

    /// - Parameters:
    ///   - learnt: what an earlier client of this endpoint has learnt.
    ///   - key: of the random stream that waits are drawn from.
    public init(
        _ settings: EndpointSettings,
        secret: Secret?,
        transport: any HTTPTransport,
        retry: RetryPolicy = RetryPolicy(),
        breaker: CircuitBreaker = CircuitBreaker(),
        learnt: LearntParameters = LearntParameters(),
        clock: CallClock = .system,
        key: UInt64 = 0
    ) {
        self.settings = settings
        self.secret = secret
        self.transport = transport
        self.retry = retry
        self.clock = clock
        places = ConcurrencyLimit(settings.concurrency)
        rate = RateLimiter(
            requestsPerMinute: settings.requestsPerMinute,
            tokensPerMinute: settings.tokensPerMinute,
            clock: clock
        )
        let random = RandomStream(key: RandomKey.derive(key, settings.name))
        state = Mutex(State(learnt: learnt, breaker: breaker, random: random))
    }

    /// As they are now, from any thread.
    public var figures: EndpointFigures {
        var figures = state.withLock { state in
            var figures = state.figures
            figures.breaker = state.breaker.state
            return figures
        }
        figures.waiting = places.waiting
        return figures
    }

    /// Parameters that this endpoint refused, and that are no longer sent.
    public var learnt: LearntParameters { state.withLock { $0.learnt } }

    // MARK: One call, tried until it is done

    /// What a try sends, and how its reply is read.
    struct Form<Value: Sendable> {
        /// Tokens by which the call counts against its limit until they are known.
        var tokens: Int
        /// Which parameters it has that may be refused.
        var parameters: Set<OptionalParameter> = []
        var call: (LearntParameters) -> HTTPCall
        var read: (HTTPReply) -> Result<(value: Value, usage: EndpointUsage?), ReplyFault>
    }

    struct Done<Value: Sendable>: Sendable {
        var value: Value
        var usage: EndpointUsage?
        var latency: Double
        var tries: Int
        var status: Int
        var sent: LearntParameters
    }

    func perform<Value>(_ form: Form<Value>) async -> Result<Done<Value>, CallFailure> {
        guard await places.acquire() else { return .failure(failure(CallFault(.cancelled), tries: 0)) }
        state.withLock { $0.figures.inFlight += 1 }
        let result = await tries(form)
        state.withLock { state in
            state.figures.inFlight -= 1
            switch result {
            case .success(let done):
                state.figures.done += 1
                state.figures.usage.promptTokens += done.usage?.promptTokens ?? 0
                state.figures.usage.completionTokens += done.usage?.completionTokens ?? 0
            case .failure(let failure): state.figures.failures += failure.kind == .cancelled ? 0 : 1
            }
        }
        places.release()
        return result
    }

    private func tries<Value>(_ form: Form<Value>) async -> Result<Done<Value>, CallFailure> {
        var tries = 0, failures = 0, lessons = 0, patience = state.withLock { $0.breaker.patience }
        while true {
            guard await rate.acquire(tokens: form.tokens) else {
                return .failure(failure(CallFault(.cancelled), tries: tries))
            }
            let admission: CircuitBreaker.Admission
            switch await admit(&patience, tries: tries) {
            case .success(let value): admission = value
            case .failure(let failure):
                rate.settle(reserved: form.tokens, used: 0)
                return .failure(failure)
            }
            let sent = learnt, call = form.call(sent), start = clock.seconds()
            tries += 1
            let reply = await transport.send(call)
            let outcome = read(reply, call, form)
            rate.settle(reserved: form.tokens, used: used(outcome, reserved: form.tokens))
            let fault: CallFault
            switch outcome {
            case .success(let (value, usage, status)):
                state.withLock { $0.breaker.succeeded() }
                let latency = clock.seconds() - start
                return .success(
                    .init(value: value, usage: usage, latency: latency, tries: tries, status: status, sent: sent)
                )
            case .failure(let value): fault = value
            }
            tell(fault, admission)
            if lessons < Self.mostLessons, learns(fault, form.parameters, sent) {
                lessons += 1
                continue
            }
            failures += 1
            guard fault.isRetried, failures < retry.tries else { return .failure(failure(fault, tries: tries)) }
            let wait = state.withLock { state in
                state.figures.retries += 1
                return retry.wait(afterFailures: failures, asked: fault.retryAfter, random: &state.random)
            }
            guard await clock.wait(wait) else { return .failure(failure(CallFault(.cancelled), tries: tries)) }
        }
    }

    /// Each parameter can be refused once, and one can be renamed before.
    private static let mostLessons = OptionalParameter.allCases.count + 1

    private func learns(_ fault: CallFault, _ parameters: Set<OptionalParameter>, _ sent: LearntParameters) -> Bool {
        guard var refusal = fault.refusal else { return false }
        refusal.parameters.removeAll { !parameters.contains($0) }
        return !refusal.parameters.isEmpty && state.withLock { $0.learnt.learn(refusal, sent: sent) }
    }

    /// Waits while the endpoint is taken for down.
    /// - Parameter patience: seconds that are left for it.
    private func admit(_ patience: inout Double, tries: Int) async -> Result<CircuitBreaker.Admission, CallFailure> {
        while true {
            let now = clock.seconds()
            let admission = state.withLock { $0.breaker.admit(at: now) }
            guard case .wait(let seconds) = admission else { return .success(admission) }
            guard patience > 0 else {
                let last = state.withLock { $0.figures.lastFault } ?? "it failed too often"
                let message = ShownText.of("\(settings.name) is down: \(last)", secret: secret)
                return .failure(.init(kind: .unavailable, message: message, tries: tries, retryable: true))
            }
            guard await clock.wait(min(seconds, patience)) else {
                return .failure(failure(CallFault(.cancelled), tries: tries))
            }
            patience -= max(clock.seconds() - now, 1e-3)
        }
    }

    private typealias Outcome<Value> = Result<(value: Value, usage: EndpointUsage?, status: Int), CallFault>

    private func read<Value>(_ reply: Result<HTTPReply, HTTPFailure>, _ call: HTTPCall, _ form: Form<Value>)
        -> Outcome<Value>
    {
        let received =
            switch reply {
            case .success(let reply): reply.body.count
            case .failure: 0
            }
        state.withLock { state in
            if case .post(let body) = call.method { state.figures.bytesSent += body.count }
            state.figures.bytesReceived += received
        }
        switch reply {
        case .failure(let failure): return .failure(CallFault(failure))
        case .success(let reply):
            return switch form.read(reply) {
            case .success(let (value, usage)): .success((value, usage, reply.status))
            case .failure(let fault): .failure(CallFault(fault, reply: reply, now: clock.date()))
            }
        }
    }

    /// What did not succeed used no tokens, as far as anybody knows.
    private func used<Value>(_ outcome: Outcome<Value>, reserved: Int) -> Int {
        guard case .success(let (_, usage, _)) = outcome else { return 0 }
        return usage.map { $0.promptTokens + $0.completionTokens } ?? reserved
    }

    private func tell(_ fault: CallFault, _ admission: CircuitBreaker.Admission) {
        let now = clock.seconds(), shown = ShownText.of(fault.message, secret: secret)
        state.withLock { state in
            if fault.kind == .cancelled {
                state.breaker.abandoned(admission, at: now)
            } else {
                state.figures.lastFault = shown
                if fault.isOutage { state.breaker.failed(admission, at: now) } else { state.breaker.succeeded() }
            }
        }
    }

    func failure(_ fault: CallFault, tries: Int) -> CallFailure {
        let message = ShownText.of("\(settings.name): \(fault.message)", secret: secret)
        return .init(
            kind: fault.kind,
            message: message,
            status: fault.status,
            tries: tries,
            retryable: fault.isRetried || fault.kind == .cancelled
        )
    }

    /// What it lists, once it was asked.
    var listed: [ListedModel]? {
        get { state.withLock { $0.listed } }
        set { state.withLock { $0.listed = newValue } }
    }
}

import Foundation
import LocalLM
import ModelFiles

/// A model behind an endpoint. Each answer is a call of its own, kept as soon as it ends; what an earlier process was
/// answered is not asked for again.
///
/// A call's seed comes of its request's key and the sample's number, as a local model's stream does. A server of this
/// program takes all 64 bits of it and writes what the same model writes here; others get 31 bits, and what they make
/// of them is theirs.
struct RemoteModel: ChatModel {
    let name: String
    let identity: ModelIdentity
    let client: EndpointClient
    private let budget: CallBudget
    private let log: any CallLog
    private let campaign: String
    private let now: @Sendable () -> Date

    init(client: EndpointClient, log: any CallLog, campaign: String, now: @escaping @Sendable () -> Date) {
        name = client.settings.name
        identity = .named("\(client.settings.servedModel) at \(client.settings.address)")
        self.client = client
        budget = CallBudget(client.settings)
        self.log = log
        self.campaign = campaign
        self.now = now
    }

    /// One answer that is wanted.
    private struct Wanted: Sendable {
        var request: Int
        var sample: Int
        var body: ChatCompletionBody
        /// See `CallRecord.digest`.
        var digest: String
    }

    func answer(_ requests: [ChatRequest], progress: @escaping @Sendable (Int) -> Void) async throws -> [ChatResult] {
        let wanted = requests.enumerated().flatMap { index, request in
            (0..<request.samples).map { self.wanted(request, index, sample: $0) }
        }
        var answers = requests.map { [Answer?](repeating: nil, count: $0.samples) }
        var failures = [SelfImproveError?](repeating: nil, count: requests.count)
        let known = try await log.answers(to: wanted.map(\.digest))
        for item in wanted { answers[item.request][item.sample] = known[item.digest] }
        let open = wanted.filter { known[$0.digest] == nil }
        var done = wanted.count - open.count
        progress(done)
        if !open.isEmpty {
            let hasWholeSeed = try await isOurs()
            try await budget.open(log)
            let halt = StepHalt.current
            try await withThrowingTaskGroup(of: (Wanted, Result<Result<Answer, SelfImproveError>, any Error>).self) {
                tasks in
                var next = open[...], ended = 0
                var fatal: (any Error)?
                /// The next calls, as long as they may be paid for.
                func begin(_ count: Int) {
                    ended = budget.ended
                    for _ in 0..<count where fatal == nil && halt?.isPulled != true {
                        guard let item = next.first, let reserved = budget.reserve(item.body) else { return }
                        next.removeFirst()
                        tasks.addTask {
                            do {
                                return (item, .success(try await call(item, reserved, hasWholeSeed: hasWholeSeed)))
                            } catch { return (item, .failure(error)) }
                        }
                    }
                }
                // More tasks than places, so that a place never waits for a task.
                let most = 2 * client.settings.concurrency
                begin(most)
                while true {
                    if let (item, result) = try await tasks.next() {
                        switch result {
                        case .success(.success(let answer)): answers[item.request][item.sample] = answer
                        case .success(.failure(let error)): failures[item.request] = error
                        case .failure(let error): fatal = fatal ?? error
                        }
                        done += 1
                        progress(done)
                        begin(1)
                    } else if next.isEmpty || fatal != nil || halt?.isPulled == true {
                        break
                    } else if await budget.isFreed(since: ended) {
                        begin(most)
                    } else {
                        break
                    }
                }
                // Calls that were under way have ended, and are kept.
                if let fatal { throw fatal }
                if !next.isEmpty { throw halt?.isPulled == true ? CancellationError() : budget.error }
            }
        }
        return requests.indices.map { index in
            // Of several samples those count that there are.
            let given = answers[index].compactMap { $0 }
            if !given.isEmpty { return .success(given) }
            return .failure(failures[index] ?? SelfImproveError(.unanswered, "no answer", context: name))
        }
    }

    private func wanted(_ request: ChatRequest, _ index: Int, sample: Int) -> Wanted {
        var body = ChatCompletionBody(
            model: client.settings.servedModel,
            messages: request.messages,
            sampling: request.sampling,
            seed: RandomKey.seed(request.key, sample: UInt64(sample)),
            logprobs: request.wantsLogprob
        )
        if case .user(let prefix) = request.turn { body.prefix = prefix ?? "" }
        let text = "\(client.settings.address)\n\(sample)\n\(body.json(hasWholeSeed: true).text())"
        return Wanted(request: index, sample: sample, body: body, digest: ContentDigest.sha256(text))
    }

    /// Whether the endpoint is a server of this program. One that does not list its models is none.
    private func isOurs() async throws -> Bool {
        switch await client.listing() {
        case .success(let models): return models.contains { $0.isOurs }
        case .failure(let failure):
            guard [.cancelled, .unavailable, .unreachable].contains(failure.kind), let error = fatal(failure) else {
                return false
            }
            throw error
        }
    }

    /// - Throws: what ends the step: see `fatal`; what keeping the call throws.
    private func call(_ item: Wanted, _ reserved: CallCost, hasWholeSeed: Bool) async throws
        -> Result<Answer, SelfImproveError>
    {
        var cost: CallCost?
        // Also where keeping it fails: others may wait for what it gives back.
        defer { budget.end(cost, reserved: reserved, of: item.body) }
        let start = client.clock.seconds()
        let result = await client.complete(item.body, hasWholeSeed: hasWholeSeed)
        if case .failure(let failure) = result, failure.kind == .cancelled { throw CancellationError() }
        let record = try record(result, item, seconds: client.clock.seconds() - start)
        try await log.record(record)
        cost = record.cost
        switch result {
        case .success: return .success(record.answer!)
        case .failure(let failure):
            if let error = fatal(failure) { throw error }
            let code: SelfImproveError.Code = failure.kind == .tooLong ? .input : .unanswered
            return .failure(SelfImproveError(code, failure.message))
        }
    }

    /// What a failure means for everything that the endpoint is asked; nil where it costs one answer alone.
    private func fatal(_ failure: CallFailure) -> (any Error)? {
        switch failure.kind {
        case .cancelled: CancellationError()
        case .unavailable, .unreachable:
            SelfImproveError(.unreachable, failure.message, retryable: true)
        case .unauthorised:
            SelfImproveError(
                .withheld,
                "the key is refused, or nothing is left of what was paid for: \(failure.message)",
                hint: client.settings.apiKeyVariable.map { "set \($0), and resume" }
                    ?? "name its variable as api_key_env"
            )
        case .untrusted:
            SelfImproveError(
                .withheld,
                failure.message,
                context: name,
                hint: "its certificate must be valid; then resume"
            )
        default: nil
        }
    }

    private func record(_ result: Result<CompletedCall, CallFailure>, _ item: Wanted, seconds: Double)
        throws -> CallRecord
    {
        let settings = client.settings, step = StepKey.running, learnt = client.learnt
        var record = CallRecord(
            campaign: campaign,
            digest: item.digest,
            round: step?.round ?? 0,
            step: step?.step ?? .baseline,
            peer: name,
            endpoint: settings.address.description,
            model: settings.servedModel,
            promptTokens: 0,
            completionTokens: 0,
            money: 0,
            seconds: seconds,
            tries: 1,
            learnt: learnt == LearntParameters() ? nil : try JSONText(learnt),
            at: now()
        )
        switch result {
        case .success(let call):
            let usage = call.usage ?? Self.estimate(item.body, call.text)
            record.text = call.text
            record.finishReason = call.finishReason.map(\.name)
            record.promptTokens = usage.promptTokens
            record.completionTokens = usage.completionTokens
            record.logprob = call.logprob
            record.money = settings.pricePerMillion?.cost(of: usage) ?? 0
            record.tries = call.tries
            record.seconds = call.latency
        case .failure(let failure):
            record.failure = failure.message
            record.tries = max(failure.tries, 1)
        }
        return record
    }

    /// Of an endpoint that does not count.
    private static func estimate(_ body: ChatCompletionBody, _ text: String) -> EndpointUsage {
        EndpointUsage(
            promptTokens: EndpointClient.estimate(body.texts),
            completionTokens: EndpointClient.estimate([text])
        )
    }
}

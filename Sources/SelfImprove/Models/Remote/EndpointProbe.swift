import ModelFiles

/// What an endpoint can do, found out by asking it: some ten calls of a few tokens.
public struct EndpointProbe: Sendable, Equatable, Encodable {
    public var peer: String
    public var endpoint: String
    public var model: String
    /// Why it does not answer; nil where it does.
    public var failure: String?
    /// What it calls the model that answered.
    public var answeredBy: String?
    /// Whether `GET /models` names the model; nil where it lists none.
    public var isListed: Bool?
    /// Tokens, where it says so.
    public var contextLength: Int?
    /// Of a short answer.
    public var seconds: Double?
    /// Two calls of one seed answered alike, and one of another seed otherwise; nil where every seed does.
    public var honoursSeed: Bool?
    /// Whether it samples where a temperature is asked for: false where every call is answered alike.
    public var samples: Bool?
    /// Answers of one call that asked for two.
    public var choices: Int?
    public var saysLogprobs: Bool?
    /// Whether it scores a text that it is given (`/completions` with `echo`).
    public var echoes: Bool?
    /// Whether an echo's logprobs are those of its tokens, tried on what it wrote itself; nil where that is not seen.
    public var echoesInPlace: Bool?
    /// Whether it goes on from a text (`/completions`), as Magpie asks it to.
    public var continuesTexts: Bool?
    public var countsTokens: Bool?
    public var saysFinishReason: Bool?
    /// Whether it follows a system message.
    public var takesSystem: Bool?
    /// Parameters that it refuses, and that are not sent.
    public var refused: [String] = []

    /// What a campaign has to do without, in words.
    public var fallsAway: [String] {
        if failure != nil { return [] }
        var lacks: [String] = []
        if isListed == false { lacks.append("it does not list the model \(model): look at served_model") }
        if honoursSeed == false {
            lacks.append("no seed: a question is answered otherwise every time; what was answered is kept all the same")
        }
        if samples == false {
            lacks.append(
                "a temperature of \(Self.hottest) changes nothing: all samples of a prompt would be the same (transformers "
                    + "serve needs do_sample: true in the model's generation_config.json)"
            )
        }
        if saysLogprobs == false {
            lacks.append("no logprobs: its drafts have no confidence (mixture.confidence: own)")
        }
        if echoes == false { lacks.append("no echo: it cannot say how likely a text is") }
        if echoesInPlace == false {
            lacks.append(
                "its echo takes the logprobs of other places, and finds unlikely what it wrote itself: it cannot say how "
                    + "likely a text is"
            )
        }
        if echoes == true, echoesInPlace == nil {
            lacks.append("no top_logprobs beside its echo: whether its logprobs are those of the tokens is not seen")
        }
        if continuesTexts == false { lacks.append("no /completions: it cannot write prompts (kind: magpie)") }
        if countsTokens == false { lacks.append("no usage: tokens and money are estimated from bytes") }
        if saysFinishReason == false { lacks.append("no finish_reason: cut-off answers cannot be told") }
        if takesSystem == false { lacks.append("no system messages: it cannot aggregate") }
        if contextLength == nil { lacks.append("no context length: what is too long shows when it is asked") }
        if !refused.isEmpty { lacks.append("it refuses \(refused.joined(separator: ", "))") }
        return lacks
    }

    private init(_ settings: EndpointSettings) {
        peer = settings.name
        endpoint = settings.address.description
        model = settings.servedModel
    }

    /// - Throws: `.configuration` where the variable of its key is not set.
    public static func ask(_ settings: EndpointSettings, environment: [String: String]) async throws -> EndpointProbe {
        let client = EndpointClient(
            settings,
            secret: try settings.secret(environment: environment),
            transport: try CurlTransport(environment: environment),
            retry: RetryPolicy(tries: 2),
            breaker: CircuitBreaker(patience: 5)
        )
        return await ask(client)
    }

    /// Temperature at which it is tried whether it samples.
    private static let hottest = 1.5

    static func ask(_ client: EndpointClient) async -> EndpointProbe {
        var probe = EndpointProbe(client.settings)
        func body(_ text: String, temperature: Double = 0, seed: UInt64? = nil, logprobs: Bool = false)
            -> ChatCompletionBody
        {
            ChatCompletionBody(
                model: client.settings.servedModel,
                messages: [Message(role: "user", content: text)],
                maximumTokens: 16,
                temperature: temperature,
                seed: seed,
                logprobs: logprobs
            )
        }
        switch await client.complete(body("Say hello.")) {
        case .failure(let failure):
            probe.failure = failure.message
            return probe
        case .success(let call):
            probe.answeredBy = call.model
            probe.seconds = call.latency
            probe.countsTokens = call.usage != nil
            probe.saysFinishReason = call.finishReason != nil
        }
        if case .success(let models) = await client.models(), !models.isEmpty {
            let own = models.first { $0.name == client.settings.servedModel }
            probe.isListed = own != nil
            probe.contextLength = (own ?? models.first)?.contextLength
        }
        /// Nil also where the endpoint refuses to answer, or to be told a temperature: then nothing is seen.
        func sampled(_ seed: UInt64) async -> String? {
            let question = body("Write six random words.", temperature: hottest, seed: seed << 33)
            guard let call = try? await client.complete(question).get(), call.finishReason != .contentFilter,
                !call.leftOut.contains(.temperature)
            else { return nil }
            return call.text
        }
        if let first = await sampled(1), let again = await sampled(1) {
            probe.samples = first != again
            // A small model may say the same by chance.
            for seed: UInt64 in 2...4 where probe.samples == false {
                guard let other = await sampled(seed) else { break }
                probe.samples = other != first
            }
            probe.honoursSeed = probe.samples == true ? first == again : nil
        }
        if case .success(let call) = await client.complete(body("Say hello.", logprobs: true)) {
            probe.saysLogprobs = call.logprob != nil
        } else {
            probe.saysLogprobs = false
        }
        var text = body("")
        text.prefix = "Hello"
        var written = " world"
        switch await client.complete(text) {
        case .success(let call):
            probe.continuesTexts = true
            if !call.text.isEmpty { written = call.text }
        case .failure(let failure): probe.continuesTexts = failure.retryable ? nil : false
        }
        if case .success(let scored) = await client.likelihood(of: written, after: "Hello") {
            probe.echoes = scored.likelihood != nil
            if probe.continuesTexts == true, let likelihood = scored.likelihood, let highest = likelihood.highest {
                // Each of these tokens was the likeliest, but for what a penalty or a near tie changed.
                probe.echoesInPlace = highest - likelihood.logprob <= Double(likelihood.tokens)
            }
        } else {
            probe.echoes = false
        }
        var system = body("Who are you?")
        system.messages.insert(Message(role: "system", content: "You are a pirate."), at: 0)
        switch await client.complete(system) {
        case .success: probe.takesSystem = true
        case .failure(let failure): probe.takesSystem = failure.retryable ? nil : false
        }
        probe.choices = await client.choices(asking: 2, of: body("Say hello.", temperature: 1))
        probe.refused = client.learnt.refused.map(\.rawValue).sorted()
        return probe
    }
}

extension EndpointClient {
    /// How many answers one call has that asks for `n`; nil where it is refused.
    fileprivate func choices(asking n: Int, of body: ChatCompletionBody) async -> Int? {
        let form = Form<Int>(
            tokens: n * (body.maximumTokens ?? 0),
            call: { self.call("/chat/completions", body.json($0).setting("n", .integer(n))) },
            read: { reply in
                guard (200..<300).contains(reply.status) else {
                    return .failure(.refused(.init(status: reply.status, EndpointErrorBody(reply.body))))
                }
                return ReplyShell.parsed(reply.body, mostValues: 1 << 16).map { json in
                    (json["choices"]?.array?.count ?? 0, nil)
                }
            }
        )
        guard case .success(let done) = await perform(form) else { return nil }
        return done.value
    }
}

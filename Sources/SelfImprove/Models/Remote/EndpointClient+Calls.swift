import ModelFiles

/// The three calls that a campaign makes.
extension EndpointClient {
    /// One answer to one conversation, or what follows a text.
    /// - Parameter hasWholeSeed: whether the seed is sent with all its bits (`ListedModel.isOurs`).
    public func complete(_ body: ChatCompletionBody, hasWholeSeed: Bool = false) async
        -> Result<CompletedCall, CallFailure>
    {
        let result = await perform(
            Form(
                tokens: Self.estimate(body.texts) + (body.maximumTokens ?? 0),
                parameters: body.parameters,
                call: { self.call(body.path, body.json($0, hasWholeSeed: hasWholeSeed)) },
                read: { reply in ChatCompletionReply.read(reply, to: body).map { ($0, $0.usage) } }
            )
        )
        return result.map { done in
            let text = secret?.redactAnswer(done.value.text) ?? done.value.text
            return CompletedCall(
                text: text,
                finishReason: shown(done.value.finishReason),
                usage: done.usage,
                logprob: done.value.logprob,
                latency: done.latency,
                tries: done.tries,
                status: done.status,
                model: done.value.model.map { ShownText.of($0, secret: secret) },
                leftOut: OptionalParameter.allCases.filter {
                    body.parameters.contains($0) && done.sent.name(of: $0) == nil
                },
                keyEchoed: !text.utf8.elementsEqual(done.value.text.utf8)
            )
        }
    }

    /// How likely the endpoint's model finds a text after a rendered prompt, by `/completions` with `echo`.
    ///
    /// Tokens that begin inside of the text count. It fails as `unsupported` where the endpoint does not echo,
    /// or gives no logprobs.
    public func likelihood(of text: String, after prompt: String) async -> Result<ScoredCall, CallFailure> {
        let body = EchoCompletionBody(model: settings.servedModel, prompt: prompt, completion: text)
        let result = await perform(
            Form(
                tokens: Self.estimate([prompt, text]) + 1,
                call: { _ in self.call("/completions", body.json()) },
                read: { reply in EchoCompletionReply.read(reply, to: body).map { ($0, $0.usage) } }
            )
        )
        return result.flatMap { done in
            var scored = ScoredCall(
                likelihood: nil,
                usage: done.usage,
                latency: done.latency,
                tries: done.tries,
                status: done.status,
                model: done.value.model.map { ShownText.of($0, secret: secret) }
            )
            switch done.value.outcome {
            case .measured(let likelihood): scored.likelihood = likelihood
            case .boundaryInsideToken: break
            case .notEchoed:
                let fault = CallFault(unsupported: "does not echo a text with its logprobs", status: done.status)
                return .failure(failure(fault, tries: done.tries))
            }
            return .success(scored)
        }
    }

    /// The models that the endpoint lists.
    public func models() async -> Result<[ListedModel], CallFailure> {
        await perform(
            Form(
                tokens: 0,
                call: { _ in self.call("/models", nil) },
                read: { reply in ModelList.read(reply).map { ($0, nil) } }
            )
        ).map(\.value)
    }

    /// The models that the endpoint lists, asked for once.
    func listing() async -> Result<[ListedModel], CallFailure> {
        if let listed { return .success(listed) }
        let result = await models()
        if case .success(let models) = result { listed = models }
        return result
    }

    func call(_ path: String, _ body: JSONValue?) -> HTTPCall {
        var headers = [HTTPHeader("Accept", "application/json")]
        if body != nil { headers.append(HTTPHeader("Content-Type", "application/json")) }
        return HTTPCall(
            body.map { .post(Array($0.text().utf8)) } ?? .get,
            url: settings.address.url(path),
            headers: headers,
            secret: secret,
            timeouts: settings.timeouts
        )
    }

    private func shown(_ reason: RemoteFinishReason?) -> RemoteFinishReason? {
        guard case .other(let text)? = reason else { return reason }
        return .other(ShownText.of(text, secret: secret))
    }

    /// Tokens of texts, at four bytes each.
    static func estimate(_ texts: [String]) -> Int { texts.reduce(0) { $0 + $1.utf8.count } / 4 + 1 }
}

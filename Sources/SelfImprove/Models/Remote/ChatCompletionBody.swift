import LocalLM
import ModelFiles

/// The body of `POST /chat/completions`: what a campaign needs and nothing else. The same request makes the same bytes.
///
/// With `prefix` it is that of `POST /completions`: a text to go on from, in place of messages.
public struct ChatCompletionBody: Sendable, Equatable {
    public var model: String
    public var messages: [Message]
    public var prefix: String?
    /// Most tokens of the answer.
    public var maximumTokens: Int?
    public var temperature: Double?
    public var topP: Double?
    public var topK: Int?
    public var minP: Double?
    public var repetitionPenalty: Double?
    /// All 64 bits; how many are sent, `json` is told.
    public var seed: UInt64?
    public var stop: [String]
    /// Whether the answer's logprobs are asked for.
    public var logprobs: Bool

    public init(
        model: String,
        messages: [Message],
        maximumTokens: Int? = nil,
        temperature: Double? = nil,
        topP: Double? = nil,
        seed: UInt64? = nil,
        stop: [String] = [],
        logprobs: Bool = false
    ) {
        precondition(temperature?.isFinite ?? true, "a temperature, not \(temperature ?? 0)")
        precondition(topP?.isFinite ?? true, "a share, not \(topP ?? 0)")
        self.model = model
        self.messages = messages
        self.maximumTokens = maximumTokens
        self.temperature = temperature
        self.topP = topP
        self.seed = seed
        self.stop = stop
        self.logprobs = logprobs
    }

    /// With what this sampling sets; what it leaves off is not sent.
    init(model: String, messages: [Message], sampling: Sampling, seed: UInt64, logprobs: Bool) {
        self.init(
            model: model,
            messages: messages,
            maximumTokens: sampling.maximumTokens,
            temperature: sampling.temperature,
            topP: sampling.topP < 1 ? sampling.topP : nil,
            seed: seed,
            stop: sampling.stop,
            logprobs: logprobs
        )
        topK = sampling.topK > 0 ? sampling.topK : nil
        minP = sampling.minP > 0 ? sampling.minP : nil
        repetitionPenalty = sampling.repetitionPenalty != 1 ? sampling.repetitionPenalty : nil
    }

    /// In the order model, messages, max_tokens, temperature, top_p, seed, stop, then what is rarer, without what the
    /// endpoint refused.
    /// - Parameter hasWholeSeed: whether the seed has all its 64 bits; else the 31 that every server takes.
    public func json(_ learnt: LearntParameters = LearntParameters(), hasWholeSeed: Bool = false) -> JSONValue {
        let seed = seed.map { JSONValue.number(String(hasWholeSeed ? $0 : $0 >> 33)) }
        let values: [(OptionalParameter, JSONValue?)] = [
            (.maximumTokens, maximumTokens.map(JSONValue.integer)), (.temperature, temperature.map(JSONValue.double)),
            (.topP, topP.map(JSONValue.double)), (.seed, seed),
            (.stop, stop.isEmpty ? nil : .array(stop.map(JSONValue.string))),
            (.topK, topK.map(JSONValue.integer)), (.minP, minP.map(JSONValue.double)),
            (.repetitionPenalty, repetitionPenalty.map(JSONValue.double)), (.logprobs, logprobs ? .bool(true) : nil),
        ]
        let read: JSONValue.Member =
            prefix.map { .init("prompt", .string($0)) } ?? .init("messages", .array(messages.map(\.json)))
        return .object(
            [.init("model", .string(model)), read]
                + values.compactMap { parameter, value in
                    guard let name = learnt.name(of: parameter), let value else { return nil }
                    return JSONValue.Member(name, value)
                }
        )
    }

    /// Where it is sent.
    var path: String { prefix == nil ? "/chat/completions" : "/completions" }

    /// What the model reads.
    var texts: [String] { prefix.map { [$0] } ?? messages.map(\.content) }

    /// Which of them this request has.
    var parameters: Set<OptionalParameter> {
        var all: Set<OptionalParameter> = []
        if maximumTokens != nil { all.insert(.maximumTokens) }
        if temperature != nil { all.insert(.temperature) }
        if topP != nil { all.insert(.topP) }
        if seed != nil { all.insert(.seed) }
        if !stop.isEmpty { all.insert(.stop) }
        if topK != nil { all.insert(.topK) }
        if minP != nil { all.insert(.minP) }
        if repetitionPenalty != nil { all.insert(.repetitionPenalty) }
        if logprobs { all.insert(.logprobs) }
        return all
    }
}

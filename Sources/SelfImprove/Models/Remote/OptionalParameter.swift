/// A member of our bodies that an endpoint can do without. `model` and `messages` are none.
public enum OptionalParameter: String, Sendable, Codable, CaseIterable {
    case maximumTokens = "max_tokens"
    case temperature
    case topP = "top_p"
    case seed
    case stop
    case topK = "top_k"
    case minP = "min_p"
    case repetitionPenalty = "repetition_penalty"
    case logprobs
}

/// What an endpoint taught by refusing it: parameters that are left out from then on, and one that has another name.
public struct LearntParameters: Sendable, Equatable, Codable {
    public private(set) var refused: Set<OptionalParameter> = []
    /// `max_tokens` is sent as `max_completion_tokens`, as OpenAI's newer models want it.
    public private(set) var isMaximumRenamed = false

    public init() {}

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(refused.sorted { $0.rawValue < $1.rawValue }, forKey: .refused)
        try container.encode(isMaximumRenamed, forKey: .isMaximumRenamed)
    }

    /// What is not sent, or otherwise than usual, for people; nil: nothing.
    public var words: String? {
        var parts = refused.map(\.rawValue).sorted()
        if isMaximumRenamed, !refused.contains(.maximumTokens) {
            parts.append("\(OptionalParameter.maximumTokens.rawValue) (sent as \(Self.newName))")
        }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// The name under which a parameter is sent; nil where it is not.
    public func name(of parameter: OptionalParameter) -> String? {
        if refused.contains(parameter) { return nil }
        return parameter == .maximumTokens && isMaximumRenamed ? Self.newName : parameter.rawValue
    }

    static let newName = "max_completion_tokens"

    /// Learns from a refusal of what was sent while `sent` was known.
    /// - Returns: whether the same call looks different now, so that it is worth sending again.
    mutating func learn(_ refusal: ParameterRefusal, sent: LearntParameters) -> Bool {
        for parameter in refusal.parameters where sent.name(of: parameter) != nil {
            if parameter == .maximumTokens, refusal.namesNewMaximum, !sent.isMaximumRenamed {
                isMaximumRenamed = true
            } else {
                refused.insert(parameter)
            }
        }
        return self != sent
    }
}

import LocalLM

/// A model in its part in the mixture: who it is, what it is told first, and how its answers are sampled.
public struct Participant: Sendable, Hashable {
    /// Which model takes the part.
    public enum Model: Sendable, Hashable {
        /// The champion of the round.
        case champion
        /// The model that the campaign began with.
        case initial
        /// A peer, by name.
        case peer(String)
    }

    /// Its name in the lineage; several participants may share one.
    public var name: String
    public var model: Model
    public var context: ParticipantContext
    public var sampling: SamplingChoice
    /// How many answers it gives to every conversation.
    public var samples: Int

    /// A participant without a name, context or sampling of its own.
    public init(_ model: Model) {
        self.init(name: Self.text(model), model: model)
    }

    public init(
        name: String,
        model: Model,
        context: ParticipantContext = ParticipantContext(),
        sampling: SamplingChoice = SamplingChoice(),
        samples: Int = 1
    ) {
        self.name = name
        self.model = model
        self.context = context
        self.sampling = sampling
        self.samples = samples
    }

    public static let champion = Participant(.champion)

    public var role: ParticipantRole {
        switch model {
        case .champion: .champion
        case .initial: .initial
        case .peer: .peer
        }
    }
}

/// What a participant is to the campaign.
public enum ParticipantRole: String, Sendable, Codable {
    /// The model that the campaign improves: its confidence in itself is not listened to.
    case champion
    /// The model that the campaign began with: it stays as it is.
    case initial
    case peer
}

/// Sampling parameters that a participant sets for itself; nil: those of the mixture.
public struct SamplingChoice: Sendable, Hashable, Codable {
    public var temperature: Double?
    public var topP: Double?
    public var topK: Int?
    public var maximumTokens: Int?

    public init(temperature: Double? = nil, topP: Double? = nil, topK: Int? = nil, maximumTokens: Int? = nil) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.maximumTokens = maximumTokens
    }

    /// `sampling` with these in place of its own.
    public func applied(to sampling: Sampling) -> Sampling {
        var chosen = sampling
        if let temperature { chosen.temperature = temperature }
        if let topP { chosen.topP = topP }
        if let topK { chosen.topK = topK }
        if let maximumTokens { chosen.maximumTokens = maximumTokens }
        return chosen
    }
}

/// How configurations spell participants: a name alone where nothing else is said of them.
extension Participant {
    private static let championName = "champion", initialName = "initial"

    static func text(_ model: Model) -> String {
        switch model {
        case .champion: championName
        case .initial: initialName
        case .peer(let name): name
        }
    }

    static func model(_ text: String) -> Model {
        switch text {
        case championName: .champion
        case initialName: .initial
        default: .peer(text)
        }
    }

    /// `champion`, `initial`, or a peer's name.
    public init(_ text: String) { self.init(Self.model(text)) }
}

extension Participant: Codable {
    private enum CodingKeys: CodingKey { case name, model, context, sampling, samples }

    public init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            self.init(text)
            return
        }
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try fields.decode(String.self, forKey: .name),
            model: Self.model(try fields.decode(String.self, forKey: .model)),
            context: try fields.decodeIfPresent(ParticipantContext.self, forKey: .context) ?? ParticipantContext(),
            sampling: try fields.decodeIfPresent(SamplingChoice.self, forKey: .sampling) ?? SamplingChoice(),
            samples: try fields.decodeIfPresent(Int.self, forKey: .samples) ?? 1
        )
    }

    public func encode(to encoder: any Encoder) throws {
        if self == Participant(model) {
            var text = encoder.singleValueContainer()
            return try text.encode(name)
        }
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(Self.text(model), forKey: .model)
        try fields.encode(context, forKey: .context)
        try fields.encode(sampling, forKey: .sampling)
        try fields.encode(samples, forKey: .samples)
    }
}

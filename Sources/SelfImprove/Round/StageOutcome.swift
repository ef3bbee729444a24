/// A model that a stage made, or why it made none. Later steps pass over what is not there.
public enum StageOutcome: Sendable, Equatable {
    /// The digest of the model.
    case made(String)
    /// The reason, in words.
    case skipped(String)

    public var digest: String? { if case .made(let digest) = self { digest } else { nil } }
    public var skipped: String? { if case .skipped(let reason) = self { reason } else { nil } }
}

/// `{"digest": ...}` or `{"skipped": ...}`: the value of a step in the journal.
extension StageOutcome: Codable {
    private enum CodingKeys: CodingKey { case digest, skipped }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        if let digest = try fields.decodeIfPresent(String.self, forKey: .digest) {
            self = .made(digest)
        } else {
            self = .skipped(try fields.decode(String.self, forKey: .skipped))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .made(let digest): try fields.encode(digest, forKey: .digest)
        case .skipped(let reason): try fields.encode(reason, forKey: .skipped)
        }
    }
}

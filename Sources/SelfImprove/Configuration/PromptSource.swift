/// Where prompts come from. In configurations: `nursery`, or a JSONL file.
public enum PromptSource: Sendable, Hashable {
    /// Drawn from the skills of the campaign's nursery.
    case nursery
    /// A JSONL file, by its path.
    case file(String)
}

extension PromptSource: CustomStringConvertible, Codable {
    private static let nurseryName = "nursery"

    public init(_ text: String) { self = text == Self.nurseryName ? .nursery : .file(text) }

    public var description: String {
        switch self {
        case .nursery: Self.nurseryName
        case .file(let path): path
        }
    }

    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }

    public func encode(to encoder: any Encoder) throws {
        var text = encoder.singleValueContainer()
        try text.encode(description)
    }
}

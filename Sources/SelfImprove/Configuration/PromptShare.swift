/// Where a part of every round's prompts comes from, and how large it is.
public struct PromptShare: Sendable, Equatable {
    public enum Origin: Sendable, Equatable {
        /// A JSONL file, by its path.
        case file(String)
        case writer(PromptWriter)
    }

    public var origin: Origin
    /// Against the others': they need not add up to 1.
    public var share: Double

    /// Nil where a model writes.
    public var file: String? { if case .file(let path) = origin { path } else { nil } }
    public var writer: PromptWriter? { if case .writer(let writer) = origin { writer } else { nil } }
}

extension PromptShare: Codable {
    private enum CodingKeys: CodingKey { case file, writer, share }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        share = try fields.decode(Double.self, forKey: .share)
        if let writer = try fields.decodeIfPresent(PromptWriter.self, forKey: .writer) {
            origin = .writer(writer)
        } else {
            origin = .file(try fields.decode(String.self, forKey: .file))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encodeIfPresent(file, forKey: .file)
        try fields.encodeIfPresent(writer, forKey: .writer)
        try fields.encode(share, forKey: .share)
    }
}

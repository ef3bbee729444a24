/// How configurations spell models: `nursery/NAME`, or the path of a directory or a GGUF file.
extension ModelReference: CustomStringConvertible {
    private static let nurseryPrefix = "nursery/"

    public init(_ text: String) {
        self =
            text.hasPrefix(Self.nurseryPrefix)
            ? .nursery(String(text.dropFirst(Self.nurseryPrefix.count))) : .directory(text)
    }

    public var description: String {
        switch self {
        case .nursery(let name): Self.nurseryPrefix + name
        case .directory(let path): path
        }
    }
}

extension ModelReference: Codable {
    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }

    public func encode(to encoder: any Encoder) throws {
        var text = encoder.singleValueContainer()
        try text.encode(description)
    }
}

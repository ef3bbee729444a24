/// How configurations spell models: `nursery/NAME`, the 64 digits of a digest, or the path of a directory or a GGUF
/// file.
extension ModelReference: CustomStringConvertible {
    private static let nurseryPrefix = "nursery/"

    public init(_ text: String) {
        if text.hasPrefix(Self.nurseryPrefix) {
            self = .nursery(String(text.dropFirst(Self.nurseryPrefix.count)))
        } else if text.utf8.count == ContentDigest.digits, text.count == ContentDigest.digits,
            ContentDigest.mayBegin(with: text)
        {
            self = .digest(text)
        } else {
            self = .directory(text)
        }
    }

    public var description: String {
        switch self {
        case .nursery(let name): Self.nurseryPrefix + name
        case .directory(let path): path
        case .digest(let digest): digest
        case .endpoint(let settings): "\(settings.servedModel) at \(settings.address)"
        }
    }
}

extension ModelReference: Codable {
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self.init(text)
        } else {
            self = .endpoint(try value.decode(EndpointSettings.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        if case .endpoint(let settings) = self { try value.encode(settings) } else { try value.encode(description) }
    }
}

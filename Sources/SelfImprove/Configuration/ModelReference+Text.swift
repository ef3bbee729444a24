/// How configurations spell models: `nursery/NAME`, the 64 digits of a digest, or the path of a directory or a GGUF
/// file.
extension ModelReference: CustomStringConvertible {
    private static let nurseryPrefix = "nursery/"
    /// Of SHA-256.
    private static let digits = 64

    public init(_ text: String) {
        if text.hasPrefix(Self.nurseryPrefix) {
            self = .nursery(String(text.dropFirst(Self.nurseryPrefix.count)))
        } else if text.utf8.count == Self.digits, text.utf8.allSatisfy({ $0.isLowercaseHexDigit }) {
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

extension UInt8 {
    fileprivate var isLowercaseHexDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}

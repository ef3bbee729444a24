/// Where an endpoint is: the base to which `/chat/completions`, `/completions` and `/models` are added, as the
/// `base_url` of OpenAI's client is: `https://api.openai.com/v1`, `http://localhost:11434/v1`.
///
/// Nothing is added or guessed: where an endpoint's paths begin with `/v1`, the base ends in it.
public struct EndpointAddress: Sendable, Hashable, CustomStringConvertible {
    /// With a lower-case host, without slashes at its end.
    public let base: String
    /// `host:port`
    public let host: String
    /// Whether what is sent can be read on its way.
    public let isEncrypted: Bool
    /// Whether it is this machine, by its name.
    public let isLoopback: Bool

    /// - Throws: `configuration` for anything but `http` or `https`, a host and a path.
    public init(_ text: String) throws {
        func fault(_ what: String, _ hint: String) -> SelfImproveError {
            // A faulty URL may hold a password: nothing is repeated of one that has a place for it.
            let isSafe = !text.utf8.contains { "@?#".utf8.contains($0) }
            let shown = isSafe ? ShownText.of(text, secret: nil) : nil
            return SelfImproveError(.configuration, what, context: shown, hint: hint)
        }
        let example = "such as https://api.example.com/v1"
        // libcurl takes one slash for two, and three as well.
        guard let url = CurlURL(text), case let head = "\(url.scheme)://", text.lowercased().hasPrefix(head),
            text.utf8.dropFirst(head.utf8.count).first != UInt8(ascii: "/")
        else {
            throw fault("this endpoint is not a URL of http or https", example)
        }
        guard !url.hasUser else {
            throw fault(
                "an endpoint's URL holds a user or a password",
                "keys come from the variable that api_key_env names"
            )
        }
        guard !url.hasQueryOrFragment else {
            throw fault("an endpoint's URL holds a query or a fragment", "give the base alone, \(example)")
        }
        var base = url.text
        while base.hasSuffix("/") { base.removeLast() }
        for path in ["/chat/completions", "/completions", "/models"] where base.hasSuffix(path) {
            throw fault("this endpoint is the URL of one call", "leave \(path) out: it is added")
        }
        self.base = base
        host = "\(url.host):\(url.port)"
        isEncrypted = url.scheme == "https"
        isLoopback = url.isLoopback
    }

    public var description: String { base }

    /// - Parameter path: with its slash.
    func url(_ path: String) -> String { base + path }
}

extension EndpointAddress: Codable {
    public init(from decoder: any Decoder) throws { try self.init(decoder.singleValueContainer().decode(String.self)) }

    public func encode(to encoder: any Encoder) throws {
        var text = encoder.singleValueContainer()
        try text.encode(base)
    }
}

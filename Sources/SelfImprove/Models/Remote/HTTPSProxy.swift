/// The proxy on the way to `https` endpoints, which then is a tunnel that sees neither key nor text.
///
/// Plain `http` never goes through one, for the proxy would read the key; neither does this machine. `all_proxy` and
/// `http_proxy` are not looked at.
public struct HTTPSProxy: Sendable {
    /// Its URL; may hold its own user and password.
    private let address: String?
    /// Hosts that are called directly, as `no_proxy` lists them.
    let exceptions: String

    public static let none = HTTPSProxy(address: nil)

    public init(address: String?, exceptions: String = "") {
        self.address = address.flatMap { $0.isEmpty ? nil : $0 }
        self.exceptions = exceptions
    }

    /// `https_proxy` and `no_proxy`, in small letters or capitals.
    public init(environment: [String: String]) {
        self.init(
            address: environment["https_proxy"] ?? environment["HTTPS_PROXY"],
            exceptions: environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
        )
    }

    func url(for url: CurlURL) -> String? { url.scheme == "https" && !url.isLoopback ? address : nil }
}

/// Its address may hold a password.
extension HTTPSProxy: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { address == nil ? "no proxy" : "a proxy" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

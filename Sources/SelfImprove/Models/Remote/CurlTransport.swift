import CCurl
import Synchronization

/// HTTP by libcurl's multi interface: one thread drives any number of calls, over connections that are kept.
///
/// What it does beyond libcurl's defaults, or against them:
///
/// - `http` and `https` only, HTTP/1.1. TLS 1.2 or later, always verified.
/// - Redirects are followed to the same scheme, host and port alone, three at most; a POST stays a POST, and 303, which
///   asks for a GET, is not followed.
/// - A proxy only for `https`, only where `https_proxy` names it, never for this machine (`HTTPSProxy`).
/// - Bodies may come as gzip or deflate, which was asked for, and in no other encoding.
/// - No cookies, no `.netrc`, no authentication but the call's own secret.
public final class CurlTransport: HTTPTransport {
    private let loop: CurlLoop
    private let nextNumber = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - proxy: for endpoints elsewhere.
    ///   - authorities: a file of certificates (PEM) that are trusted in place of the system's.
    /// - Throws: `failed` where the library cannot be started.
    public init(proxy: HTTPSProxy = .none, authorities: String? = nil) throws {
        guard Self.isStarted, let loop = CurlLoop(proxy: proxy, authorities: authorities) else {
            throw SelfImproveError(.failed, "libcurl cannot be started")
        }
        self.loop = loop
    }

    /// The proxy and the authorities that the environment names: `https_proxy`, `no_proxy`, `SSL_CERT_FILE`.
    public convenience init(environment: [String: String]) throws {
        try self.init(
            proxy: HTTPSProxy(environment: environment),
            authorities: environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        )
    }

    deinit { loop.put(.stop) }

    private static let isStarted = ccurl_start() == CURLE_OK

    public func send(_ call: HTTPCall) async -> Result<HTTPReply, HTTPFailure> {
        let number = nextNumber.add(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.put(.start(number, call, continuation))
                // The handler may have run before the call was there to be cancelled.
                if Task.isCancelled { loop.put(.cancel(number)) }
            }
        } onCancel: {
            loop.put(.cancel(number))
        }
    }
}

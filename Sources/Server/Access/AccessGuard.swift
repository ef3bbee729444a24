import Foundation
import Hummingbird

/// Who may ask. With a token: whoever carries it, `/healthz` and the page itself (which holds no data) excepted. Without one the server
/// is bound to loopback, and a browser could be talked into calling it by any page that its user visits: so the `Host` must be a
/// loopback name (against DNS rebinding), and what changes something must not come from another origin.
struct AccessGuard: RouterMiddleware {
    private let token: AccessToken?
    private let isLoopback: Bool

    init(token: AccessToken?, isLoopback: Bool) {
        self.token = token
        self.isLoopback = isLoopback
    }

    func handle(
        _ request: Request,
        context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        if request.uri.path == "/healthz" { return try await next(request, context) }
        if isLoopback { try requireLoopbackHost(request) }
        if request.method != .get && request.method != .head { try requireSameOrigin(request) }
        if let token, !(isLoopback && PageRoutes.pagePaths.contains(request.uri.path)) {
            try require(token, of: request)
        }
        return try await next(request, context)
    }

    private func requireLoopbackHost(_ request: Request) throws {
        guard let authority = request.head.authority, Self.loopbackNames.contains(Self.host(authority)) else {
            throw HTTPError(.forbidden, message: "the Host of a request must be 127.0.0.1, [::1] or localhost")
        }
    }

    private func requireSameOrigin(_ request: Request) throws {
        guard let origin = request.headers[.origin] else { return }
        guard let scheme = origin.range(of: "://"), origin[scheme.upperBound...] == request.head.authority ?? "" else {
            throw HTTPError(.forbidden, message: "requests that change something are not taken from other origins")
        }
    }

    private func require(_ token: AccessToken, of request: Request) throws {
        let given = request.headers[.authorization] ?? ""
        let prefix = "Bearer "
        let isRight = token.matches(given.dropFirst(prefix.count))
        guard given.hasPrefix(prefix), isRight else {
            throw HTTPError(
                .unauthorized,
                message: "a bearer token is needed: Authorization: Bearer, with what SELFIMPROVE_TOKEN holds"
            )
        }
    }

    private static let loopbackNames: Set<String> = ["127.0.0.1", "[::1]", "localhost"]

    /// Without the port.
    private static func host(_ authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return authority.split(separator: ":", maxSplits: 1).first.map { $0.lowercased() } ?? ""
    }
}

import Foundation
import Hummingbird

/// Decides which requests are answered.
///
/// With a token, those that carry it; `/healthz` needs none, nor do the files of the page on loopback. Without a token
/// the server is bound to loopback, where any page that a browser visits could call it: the `Host` must be a loopback
/// name (against DNS rebinding), and requests that change something must not come from another origin.
struct AccessGuard: RouterMiddleware {
    private let token: AccessToken?
    private let isLoopback: Bool

    init(token: AccessToken?, isLoopback: Bool) {
        self.token = token
        self.isLoopback = isLoopback
    }

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        try check(request)
        return try await next(request, context)
    }

    /// - Throws: 403 and 401, as `HTTPError`.
    func check(_ request: Request) throws {
        if request.uri.path == "/healthz" { return }
        if isLoopback { try requireLoopbackHost(request) }
        if request.method != .get && request.method != .head { try requireSameOrigin(request) }
        let isPage = isLoopback && PageRoutes.pagePaths.contains(request.uri.path)
        if let token, !isPage { try require(token, of: request) }
    }

    private func requireLoopbackHost(_ request: Request) throws {
        guard let authority = request.head.authority, Self.loopbackNames.contains(Self.host(authority)) else {
            throw HTTPError(.forbidden, message: "the Host of a request must be 127.0.0.1, [::1] or localhost")
        }
    }

    private func requireSameOrigin(_ request: Request) throws {
        guard let origin = request.headers[.origin] else { return }
        guard let scheme = origin.range(of: "://"), origin[scheme.upperBound...] == request.head.authority ?? "" else {
            throw HTTPError(.forbidden, message: "requests from other origins may not change anything")
        }
    }

    private func require(_ token: AccessToken, of request: Request) throws {
        let given = request.headers[.authorization] ?? ""
        let prefix = "Bearer "
        let isRight = token.matches(given.dropFirst(prefix.count))
        guard given.hasPrefix(prefix), isRight else {
            throw HTTPError(
                .unauthorized,
                message: "a bearer token is required: Authorization: Bearer TOKEN, with the value of SELFIMPROVE_TOKEN"
            )
        }
    }

    private static let loopbackNames: Set<String> = ["127.0.0.1", "[::1]", "localhost"]

    /// The authority's host, without its port.
    private static func host(_ authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return authority.split(separator: ":", maxSplits: 1).first.map { $0.lowercased() } ?? ""
    }
}

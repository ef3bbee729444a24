import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Server

@Suite struct AccessGuardTests {
    private static let token = "a token of more than sixteen characters"

    private func asked(
        _ authority: String?,
        _ method: HTTPRequest.Method = .get,
        origin: String? = nil,
        authorization: String? = nil
    ) -> Request {
        var headers = HTTPFields()
        headers[.origin] = origin
        headers[.authorization] = authorization
        return Request(
            head: HTTPRequest(
                method: method,
                scheme: "http",
                authority: authority,
                path: "/api/campaigns",
                headerFields: headers
            ),
            body: RequestBody(buffer: ByteBuffer())
        )
    }

    @Test("On loopback the Host must be a loopback name, against DNS rebinding")
    func hosts() throws {
        let access = AccessGuard(token: nil, isLoopback: true)
        for host in ["127.0.0.1:8321", "127.0.0.1", "[::1]:8321", "localhost:1", "LOCALHOST"] {
            try access.check(asked(host))
        }
        for host in ["example.org", "127.0.0.1.example.org", "localhost.example.org:8321", "[::2]", "", nil] {
            #expect(throws: HTTPError.self, "\(host ?? "none")") { try access.check(asked(host)) }
        }
        try AccessGuard(token: AccessToken { Self.token }, isLoopback: false).check(
            asked("example.org", authorization: "Bearer \(Self.token)")
        )
    }

    @Test("Requests from another origin change nothing, and may read")
    func origins() throws {
        let access = AccessGuard(token: nil, isLoopback: true)
        try access.check(asked("localhost:8321", .post, origin: "http://localhost:8321"))
        try access.check(asked("localhost:8321", .get, origin: "http://example.org"))
        for origin in ["http://example.org", "http://localhost:1", "null", "localhost:8321"] {
            #expect(throws: HTTPError.self, "\(origin)") {
                try access.check(asked("localhost:8321", .post, origin: origin))
            }
        }
    }

    @Test("With a token, only health and the page's own files are answered without it")
    func tokens() async throws {
        try await ServerUnderTest.withDaemon(token: AccessToken { Self.token }) { client, _ in
            for path in ["/healthz", "/", "/dashboard.css", "/dashboard.js"] {
                #expect(try await client.get(path).status == .ok, "\(path)")
            }
            for path in ["/api/campaigns", "/metrics", "/readyz", "/v1/models", "/api/events", "/openapi.json"] {
                for wrong in ["", "Bearer", "Bearer \(Self.token)x", "Basic \(Self.token)", Self.token] {
                    let refused = try await client.get(path, headers: [.authorization: wrong])
                    #expect(refused.status == .unauthorized, "\(path) with \(wrong)")
                    #expect(refused.headers[.wwwAuthenticate] == "Bearer")
                    #expect(try refused.decode(Refusal.self).error.code == "unauthorized")
                }
            }
            let right = try await client.get("/api/campaigns", headers: [.authorization: "Bearer \(Self.token)"])
            #expect(right.status == .ok)
        }
    }

    @Test("Beyond loopback the page needs the token too")
    func pageBeyondLoopback() async throws {
        let address = HTTPServer.Address(host: "0.0.0.0", port: 0)
        try await ServerUnderTest.withDaemon(address: address, token: AccessToken { Self.token }) { client, _ in
            for path in ["/", "/dashboard.css", "/dashboard.js"] {
                let refused = try await client.get(path)
                #expect(refused.status == .unauthorized, "\(path)")
            }
            let health = try await client.get("/healthz")
            #expect(health.status == .ok)
        }
    }
}

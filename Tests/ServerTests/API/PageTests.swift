import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Server

@Suite struct PageTests {
    @Test("The page comes in three files, under a policy without 'unsafe-inline'")
    func files() async throws {
        try await ServerUnderTest.withDaemon { client, _ in
            for (path, type) in [
                ("/", "text/html"), ("/dashboard.css", "text/css"), ("/dashboard.js", "text/javascript"),
            ] {
                let file = try await client.get(path)
                #expect(file.status == .ok && file.headers[.contentType]?.hasPrefix(type) == true, "\(path)")
                let policy = try #require(file.headers[.contentSecurityPolicy])
                #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"))
                #expect(policy.contains("style-src 'self'") && !policy.contains("unsafe"))
                #expect(file.headers[.xContentTypeOptions] == "nosniff")
            }
        }
    }

    @Test("Nothing in the markup needs more than the policy allows")
    func markup() async throws {
        try await ServerUnderTest.withDaemon { client, _ in
            let html = try await client.get("/").text, script = try await client.get("/dashboard.js").text
            #expect(html.contains("href=\"/dashboard.css\"") && html.contains("src=\"/dashboard.js\""))
            for forbidden in [#"\sstyle="#, "<style", #"<script>"#, #"\son[a-z]+="#, "javascript:"] {
                #expect(html.range(of: forbidden, options: .regularExpression) == nil, "\(forbidden)")
            }
            for forbidden in [#"\bstyle:"#, #""style""#, "innerHTML", "insertAdjacentHTML", #"\beval\("#] {
                #expect(script.range(of: forbidden, options: .regularExpression) == nil, "\(forbidden)")
            }
        }
    }

    @Test("The API describes itself, and says when it is ready")
    func description() async throws {
        try await ServerUnderTest.withDaemon { client, _ in
            struct Description: Decodable { var openapi: String }
            #expect(try await client.get("/openapi.json").decode(Description.self).openapi.hasPrefix("3."))
            #expect(try await client.get("/readyz").text == #"{"status":"ready"}"#)
            #expect(try await client.get("/healthz").text == #"{"status":"ok"}"#)
            let head = try await client.execute(uri: "/healthz", method: .head)
            #expect(head.status == .ok && head.body.readableBytes == 0)
        }
    }
}

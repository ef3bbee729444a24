import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import SelfImprove
import Testing

@testable import Server

@Suite struct ErrorBodiesTests {
    @Test("A known path with another method is 405, with the methods that it has; an unknown path is 404")
    func methods() async throws {
        try await ServerUnderTest.withDaemon { client, _ in
            for (path, method, allowed) in [
                ("/api/campaigns", HTTPRequest.Method.delete, "GET, POST"),
                ("/api/campaigns/x/pause", .get, "POST"), ("/api/campaigns/x/criteria", .post, "PATCH"),
                ("/api/models/a/b", .put, "GET"), ("/v1/chat/completions", .get, "POST"),
            ] {
                let refused = try await client.execute(uri: path, method: method)
                #expect(refused.status == .methodNotAllowed, "\(method) \(path)")
                #expect(refused.headers[.allow] == allowed, "\(method) \(path)")
                #expect(try refused.decode(Refusal.self).error.code == "method_not_allowed")
            }
            for path in ["/nothing", "/api", "/api/campaigns/x/nothing", "/v1/chat"] {
                let refused = try await client.get(path)
                #expect(refused.status == .notFound && refused.headers[.allow] == nil, "\(path)")
                let error = try refused.decode(Refusal.self).error
                #expect(error.code == "not_found" && error.type == "invalid_request_error")
            }
        }
    }

    @Test("Bodies beyond the limit are 413")
    func limits() async throws {
        try await ServerUnderTest.withDaemon { client, _ in
            let long = String(repeating: "#", count: HTTPServer.maximumBody + 1)
            for path in ["/api/campaigns", "/v1/completions", "/v1/chat/completions"] {
                let refused = try await client.post(path, long)
                #expect(refused.status == .contentTooLarge, "\(path)")
                #expect(try !refused.decode(Refusal.self).error.message.isEmpty)
            }
        }
    }

    @Test("Every kind of error has its status and code")
    func statuses() {
        for (code, status) in [
            (SelfImproveError.Code.configuration, 400), (.input, 400), (.notFound, 404), (.ambiguous, 409),
            (.refused, 409),
            (.interrupted, 409), (.busy, 429), (.full, 507), (.readOnly, 507), (.damaged, 500), (.file, 500),
            (.failed, 500),
        ] {
            let answer = ErrorBodies.answer(to: SelfImproveError(code, "words"))
            #expect(answer.status.code == status && answer.code == code.rawValue && answer.message.contains("words"))
        }
        let full = ErrorBodies.answer(to: DatabaseError(resultCode: .SQLITE_FULL))
        #expect(full.status.code == 507 && full.code == "storage")
        let busy = ErrorBodies.answer(to: DatabaseError(resultCode: .SQLITE_BUSY))
        #expect(busy.status == .serviceUnavailable)
        struct Secret: Error {}
        let other = ErrorBodies.answer(to: Secret())
        #expect(other.status == .internalServerError && !other.message.contains("Secret"), "errors of ours stay inside")
        let row = DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "a row of the database"))
        #expect(ErrorBodies.answer(to: row).status == .internalServerError, "not the client's fault")
    }
}

import Foundation
import HummingbirdTesting
import SelfImprove
import TestSupport
import Testing

@testable import Scheduler
@testable import Server

@Suite struct QuarantineRouteTests {
    private func withCampaign(_ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void) async throws {
        try await ServerUnderTest.withDaemon(
            prepare: { try $0.register(ReducedCampaign.configuration(), by: .pause, at: Date()) },
            { client, _ in try await body(client) }
        )
    }

    @Test("A quarantine is placed and lifted over HTTP, and the campaign says so")
    func placing() async throws {
        try await withCampaign { client in
            let path = "/api/campaigns/reduced"
            let placed = try await client.post("\(path)/quarantine", #"{"peer":"letters","reason":"a test"}"#)
            #expect(placed.status == .ok, "\(placed.text)")
            let report = try placed.decode(QuarantineReport.self)
            #expect(report.change == .placed && report.actor == "http" && report.models.isEmpty)
            let notice = #""quarantines":[{"peer":"letters","reason":"a test"}]"#
            #expect(try await client.get(path).text.contains(notice))
            #expect(try await client.get("\(path)/lineage").text.contains(notice))
            #expect(try await client.get("\(path)/events").text.contains(#""kind":"quarantined""#))
            let lifted = try await client.post("\(path)/quarantine", #"{"peer":"letters","lift":true,"actor":"me"}"#)
            #expect(try lifted.decode(QuarantineReport.self).change == .lifted)
            #expect(try await client.get(path).text.contains("quarantines") == false)
        }
    }

    @Test("Bodies that make no sense are named, and nothing is changed")
    func refusals() async throws {
        try await withCampaign { client in
            let long = String(repeating: "x", count: 1001)
            for (body, status, named) in [
                ("{}", 400, "peer is missing"), (#"{"peer":1}"#, 400, "peer has the wrong type"),
                (#"{"peer":"letters","until":2}"#, 400, "until"), (#"{"peer":"x"}"#, 404, "there are: agreement"),
                (#"{"peer":"letters","since":1}"#, 404, "none has begun"),
                (#"{"peer":"letters","since":"x"}"#, 400, "neither a round nor a moment"),
                (#"{"peer":"letters","since":[]}"#, 400, "since has the wrong type"),
                (#"{"peer":"letters","lift":true,"since":1}"#, 400, "as a whole"),
                (#"{"peer":"letters","reason":"\#(long)"}"#, 400, "1001 characters"),
            ] {
                let refused = try await client.post("/api/campaigns/reduced/quarantine", body)
                #expect(refused.status.code == status, "\(body): \(refused.status)")
                let message = try refused.decode(Refusal.self).error.message
                #expect(message.contains(named), "\(body.prefix(60)): \(message)")
            }
            #expect(try await client.get("/api/campaigns/reduced").text.contains("quarantines") == false)
            #expect(try await client.post("/api/campaigns/none/quarantine", #"{"peer":"x"}"#).status == .notFound)
        }
    }
}

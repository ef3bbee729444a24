import Foundation
import Hummingbird
import HummingbirdTesting
import SelfImprove
import Testing
import TestSupport

@testable import Scheduler
@testable import Server

@Suite struct CampaignRoutesTests {
    @Test("A status that was sent can be read back, with every key")
    func statusRoundTrip() async throws {
        try await ServerUnderTest.withDaemon { client, daemon in
            let posted = try await client.post("/api/campaigns", ReducedCampaign.yaml())
            #expect(posted.status == .created, "\(posted.text)")
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            let status = try decoder.decode(CampaignStatus.self, from: Data(buffer: posted.body))
            #expect(status.campaign == "reduced" && status.status == .queued && status.queuePosition == 1)
            #expect(try JSONResponse.text(status) == posted.text)
            #expect(try await client.get("/api/campaigns").text == "{\"campaigns\":[\(posted.text)]}")
        }
    }

    @Test("Parameters and bodies that are not valid are named")
    func refusals() async throws {
        try await ServerUnderTest.withDaemon { client, _ in
            #expect(try await client.post("/api/campaigns", ReducedCampaign.yaml()).status == .created)
            for (path, named) in [
                ("rounds?limit=0", "limit"), ("rounds?after=-1", "after"), ("events?limit=1001", "limit"),
                ("events?limit=x", "limit"),
            ] {
                let refused = try await client.get("/api/campaigns/reduced/\(path)")
                #expect(refused.status == .badRequest, "\(path)")
                #expect(try refused.decode(Refusal.self).error.message.contains(named), "\(path): \(refused.text)")
            }
            for (body, named) in [
                ("{", "not valid JSON"), ("{}", "to is missing"), (#"{"to": 1}"#, "to has the wrong type"),
                ("", "JSON"),
                ("[]", "the body has the wrong type"),
            ] {
                let refused = try await client.post("/api/campaigns/reduced/rollback", body)
                #expect(refused.status == .badRequest, "\(body)")
                let error = try refused.decode(Refusal.self).error
                #expect(error.code == "input" && error.message.contains(named), "\(body): \(error.message)")
            }
            #expect(try await client.get("/api/campaigns/reduced/samples").status == .notFound, "no round yet")
            #expect(try await client.get("/api/campaigns/unknown/lineage").status == .notFound)
            #expect(try await client.post("/api/campaigns/unknown/pause", "{").status == .notFound)
        }
    }

    @Test("Pausing takes a body or none")
    func emptyBody() async throws {
        try await ServerUnderTest.withDaemon { client, _ in
            let posted = try await client.post("/api/campaigns", ReducedCampaign.yaml())
            #expect(posted.status == .created)
            for (verb, body, status) in [
                ("pause", "", "paused"), ("resume", "", "queued"), ("stop", #"{"now": true}"#, "stopped"),
            ] {
                let answer = try await client.post("/api/campaigns/reduced/\(verb)", body)
                #expect(answer.text.contains("\"status\":\"\(status)\""), "\(verb): \(answer.text)")
            }
        }
    }
}

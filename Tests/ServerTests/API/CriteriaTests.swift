import Foundation
import Hummingbird
import HummingbirdTesting
import SelfImprove
import TestSupport
import Testing

@testable import Scheduler
@testable import Server

@Suite struct CriteriaTests {
    private func withCampaign(_ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void) async throws {
        try await ServerUnderTest.withDaemon(
            prepare: { try $0.register(ReducedCampaign.configuration(), by: .pause, at: Date()) },
            { client, _ in try await body(client) }
        )
    }

    private func patch(_ client: any TestClientProtocol, _ body: String) async throws -> TestResponse {
        try await client.execute(
            uri: "/api/campaigns/reduced/criteria",
            method: .patch,
            body: ByteBuffer(string: body)
        )
    }

    @Test("The description of the API has every criterion of the table, with its words and its grammar")
    func description() async throws {
        struct Description: Decodable {
            struct Schema: Decodable {
                struct Property: Decodable {
                    var description: String
                    var type: String
                    var pattern: String?
                }
                var properties: [String: Property]
            }
            struct Components: Decodable {
                struct Schemas: Decodable {
                    var limits: Schema
                    var changes: Schema
                    enum CodingKeys: String, CodingKey {
                        case limits = "Criteria"
                        case changes = "CriteriaChanges"
                    }
                }
                var schemas: Schemas
            }
            var components: Components
        }
        try await ServerUnderTest.withDaemon { client, _ in
            let schemas = try await client.get("/openapi.json").decode(Description.self).components.schemas
            #expect(schemas.limits.properties.count == StopCriterion.all.count)
            for criterion in StopCriterion.all {
                let limit = try #require(schemas.limits.properties[criterion.key])
                let change = try #require(schemas.changes.properties[criterion.key])
                #expect(limit.description == criterion.words && limit.type == criterion.jsonType)
                #expect(change.type == "string" && change.pattern == "^(\(criterion.pattern)|off)$")
            }
        }
    }

    @Test("What is changed is answered in the words of the YAML file")
    func changes() async throws {
        try await withCampaign { client in
            let changed = try await patch(client, #"{"wall_clock":"90m","kept":"below:0.1","disk":"20GB"}"#)
            #expect(changed.text == #"{"disk":"20GB","kept":"below 0.1","rounds":2,"wall_clock":"90m"}"#)
            struct Campaign: Decodable { var criteria: StopCriteria }
            let campaign = try await client.get("/api/campaigns/reduced").decode(Campaign.self)
            #expect(campaign.criteria["wall_clock"] == "90m" && campaign.criteria.rounds == 2)
            #expect(try await patch(client, #"{"wall_clock":"off"}"#).text.contains("wall_clock") == false)
        }
    }

    @Test("Every fault of a change is told, and nothing is changed")
    func faults() async throws {
        try await withCampaign { client in
            let refused = try await patch(client, #"{"rounds":"0","speed":"9","money":"1","patience":"4"}"#)
            #expect(refused.status == .badRequest)
            let message = try refused.decode(Refusal.self).error.message
            for part in ["rounds cannot be \"0\"", "no criterion \"speed\"", "money is counted by price_per_hour"] {
                #expect(message.contains(part), "\(message)")
            }
            #expect(try await patch(client, #"{"rounds":"off"}"#).status == .badRequest, "none would be left")
            #expect(try await patch(client, #"{"tokens":"9"}"#).text == #"{"rounds":2,"tokens":9}"#)
        }
    }
}

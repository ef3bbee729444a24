import Foundation
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct EndpointConfigurationTests {
    private func configuration(_ peer: String, _ changes: [(String, String)] = []) throws -> CampaignConfiguration {
        try ReducedCampaign.configuration(
            changes + [
                (
                    "prompts:\n",
                    "peers:\n  - {name: letters, \(peer)}\n  - {name: numbers, model: nursery/numbers}\n"
                        + "  - {name: words, model: nursery/words}\nprompts:\n"
                ),
                ("- kind: likelihood", "- kind: likelihood\n    models: [words]"),
            ]
        )
    }

    private static let plain = #"endpoint: "http://127.0.0.1:1/v1", served_model: m"#

    @Test func howAnEndpointMayBeUsedMayChangeWhileACampaignRuns() throws {
        let before = try configuration(Self.plain)
        for changed in [
            "concurrency: 2", "requests_per_minute: 5", "tokens_per_minute: 5", "api_key_env: KEY",
            "timeouts: {total: 9}",
            "price_per_million: {input: 1, output: 2}", "budget: {tokens: 9}",
        ] {
            #expect(try configuration("\(Self.plain), \(changed)").differences(from: before).isEmpty, "\(changed)")
        }
        let other = try configuration(#"endpoint: "http://127.0.0.1:2/v1", served_model: m"#)
        #expect(try other.differences(from: before) == ["peers"], "who answers may not")
        #expect(try JSONText(before).decode(CampaignConfiguration.self) == before)
    }

    @Test func aCampaignThatGoesOnTakesThemFromItsFile() throws {
        try withTemporaryDirectory { folder in
            let lineage = try Lineage.open(state: folder), now = Date(timeIntervalSince1970: 0)
            let first = try configuration(Self.plain)
            try lineage.register(first, by: .enqueue, at: now)
            try lineage.move(first.campaign, by: .pause, "spent", at: now)
            let raised = try configuration("\(Self.plain), budget: {tokens: 9}")
            try lineage.register(raised, by: .enqueue, at: now)
            #expect(try lineage.campaign(first.campaign).configuration().peers == raised.peers)
        }
    }

    @Test(
        "What cannot be an endpoint is refused",
        arguments: [
            (#"endpoint: "http://user:word@host/v1", served_model: m"#, "holds a user or a password"),
            (#"endpoint: "ftp://host/v1", served_model: m"#, "not a URL of http or https"),
            (#"endpoint: "http://host/v1""#, "served_model"), (plain + ", model: nursery/words", "beside endpoint"),
            (plain + ", api_key_env: sk-123", "not the name of an environment variable"),
            (plain + ", api_key_env: AKIAIOSFODNN7EXAMPLE", "not the name of an environment variable"),
            (plain + ", api_key_env: gsk_aB3dE5", "not the name of an environment variable"),
            (plain + ", budget: {money: 3}", "no price_per_million"), (plain + ", concurrency: 0", "concurrency"),
            (plain + ", price_per_million: {input: -1, output: 1}", "input"),
            (plain + ", timeouts: {total: 0}", "total"),
        ]
    ) func faults(peer: String, says: String) {
        #expect { try configuration(peer) } throws: {
            "\($0)".contains(says) && !"\($0)".contains("word@") && !"\($0)".contains("AKIA")
        }
    }

    @Test func whatMustBeScoredIsNotAskedOfAnEndpoint() {
        #expect { try configuration(Self.plain, [("confidence: own", "confidence: peers")]) } throws: {
            "\($0)".contains("cannot say how likely")
        }
    }
}

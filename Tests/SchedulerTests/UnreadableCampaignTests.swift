import Foundation
import Logging
import SelfImprove
import Synchronization
import TestSupport
import Testing

@testable import Scheduler

/// A campaign whose row this program cannot read costs itself a clear line, and the others nothing.
@Suite struct UnreadableCampaignTests {
    private static let line =
        "broken: the stored configuration cannot be read: sft.replay has the wrong type "
        + "(use the version of the program that began the campaign)"

    /// A lineage with a campaign that is whole, and one that is broken, in the queue before it.
    private func withLineage(_ body: (Lineage) async throws -> Void) async throws {
        try await withTemporaryDirectory { state in
            let lineage = try Lineage.open(state: state)
            for name in ["broken", "whole"] {
                let configuration = try ReducedCampaign.configuration([
                    ("campaign: reduced", "campaign: \(name)"), ("rounds: 2", "rounds: 1"),
                ])
                try lineage.register(configuration, by: .enqueue, at: Date())
            }
            try lineage.write { db in
                try db.execute(
                    sql: """
                        UPDATE campaigns SET configuration = json_set(configuration, '$.sft.replay', 'often')
                        WHERE name = 'broken'
                        """
                )
            }
            try await body(lineage)
        }
    }

    @Test func everyCampaignHasAStatusAndTheBrokenOneSaysWhatIsWrong() async throws {
        try await withLineage { lineage in
            let statuses = try lineage.campaigns().map { try CampaignStatus($0, lineage: lineage) }
            #expect(statuses.map(\.campaign) == ["broken", "whole"])
            #expect(statuses[0].reason == Self.line)
            #expect(statuses[1].reason == nil && statuses[1].criteria.rounds == 1)
            #expect(try lineage.report("broken").rounds.isEmpty, "its lineage is shown all the same")
        }
    }

    @Test(.timeLimit(.minutes(5))) func theDaemonFailsTheBrokenOneAndRunsTheOther() async throws {
        try await withLineage { lineage in
            let daemon = Daemon(lineage, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let service = Task { try await daemon.run() }
            while try lineage.campaign("whole").status != .finished { try await Task.sleep(for: .milliseconds(20)) }
            await daemon.shutdown()
            try await service.value
            let broken = try lineage.campaign("broken")
            #expect(broken.status == .failed && broken.stopReason == Self.line)
            #expect(try lineage.rounds("whole").count == 1)
        }
    }

    @Test func goingOnWithItIsRefusedByThatLine() async throws {
        try await withLineage { lineage in
            let configuration = try ReducedCampaign.configuration([("campaign: reduced", "campaign: broken")])
            let error = #expect(throws: SelfImproveError.self) {
                try lineage.register(configuration, by: .run, at: Date())
            }
            #expect(error?.description == Self.line)
        }
    }

    @Test func anotherConfigurationUnderTheSameNameIsRefusedByItsKeys() async throws {
        try await withLineage { lineage in
            let error = #expect(throws: SelfImproveError.self) {
                try lineage.register(
                    ReducedCampaign.configuration([
                        ("campaign: reduced", "campaign: whole"), ("tokens: 3000", "tokens: 4000"),
                    ]),
                    by: .run,
                    at: Date()
                )
            }
            #expect(
                error?.message == "the campaign was begun with another configuration: sft.tokens differs",
                "the stop criteria may differ"
            )
        }
    }
}

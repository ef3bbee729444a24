import Foundation
import Testing
import TestSupport

@testable import SelfImprove

@Suite struct CampaignTransitionTests {
    @Test("Every status can be reached, and none is a trap") func closure() {
        let all = Set(CampaignRecord.Status.allCases)
        #expect(Set(CampaignTransition.allCases.map(\.to)) == all)
        for status in all {
            #expect(CampaignTransition.allCases.contains { $0.from.contains(status) && $0.to != status }, "\(status)")
        }
    }

    @Test("A transition that the table does not have changes nothing and says why") func refusal() throws {
        try withTemporaryDirectory { state in
            let lineage = try Lineage.open(state: state), configuration = try ReducedCampaign.configuration()
            try lineage.register(configuration, by: .run, at: Date())
            try lineage.move("reduced", by: .finish, "3 of 3 rounds are done", at: Date())
            #expect {
                try lineage.move("reduced", by: .pause, "paused by a person", at: Date())
            } throws: {
                "\($0)" == "reduced: the campaign is finished (there is nothing to pause)"
            }
            #expect(try lineage.campaign("reduced").status == .finished)
            try lineage.register(configuration, by: .enqueue, at: Date())
            #expect {
                try lineage.register(configuration, by: .enqueue, at: Date())
            } throws: {
                "\($0)" == "reduced: the campaign is queued already (selfimprove watch reduced)"
            }
            #expect(try lineage.events("reduced").map(\.kind) == [.created, .finished, .queued])
            #expect(try lineage.queue().map(\.name) == ["reduced"])
        }
    }
}

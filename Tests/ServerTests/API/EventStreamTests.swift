import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import SelfImprove
import Testing
import TestSupport

@testable import Scheduler
@testable import Server

@Suite struct EventStreamTests {
    @Test("A stream begins with every campaign, and then carries changes, progress and heartbeats")
    func stream() async throws {
        try await ServerUnderTest.withDaemon { client, daemon in
            try await daemon.start(ReducedCampaign.configuration())
            async let response = client.get("/api/events")
            let step = CampaignStatus.Step(
                StepKey(campaign: "nursery", round: 3, step: .sft),
                done: 1,
                total: 4,
                unit: "tokens"
            )
            for _ in 0..<100 {
                daemon.hub.changed("reduced")
                daemon.hub.send(.progress(campaign: "reduced", step))
                daemon.hub.send(.heartbeat)
                try await Task.sleep(for: .milliseconds(5))
            }
            daemon.hub.close()
            let stream = try await response
            #expect(stream.headers[.contentType] == "text/event-stream")
            #expect(stream.text.hasPrefix("event: campaign\ndata: {\"campaign\":\"reduced\""))
            #expect(
                stream.text.contains(
                    "event: progress\ndata: "
                        + #"{"campaign":"reduced","done":1,"name":"sft","round":3,"total":4,"unit":"tokens"}"# + "\n\n"
                )
            )
            #expect(stream.text.contains("\n\n:\n\n"), "a heartbeat is a comment")
            let afterClosing = try await client.get("/api/events")
            #expect(afterClosing.status == .serviceUnavailable)
        }
    }

    @Test("Each line of an event's text is a line of data")
    func lines() throws {
        #expect(String(buffer: ServerSentEvent.text("a\nb", name: "n")) == "event: n\ndata: a\ndata: b\n\n")
        #expect(String(buffer: ServerSentEvent.text("")) == "data: \n\n")
        #expect(String(buffer: try ServerSentEvent.json(["k": "a\nb"])) == "data: {\"k\":\"a\\nb\"}\n\n")
    }
}

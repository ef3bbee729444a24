import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Server

@Suite struct PrometheusTextTests {
    @Test("Labels and help are escaped, so that no name can add a metric or a label")
    func escaping() {
        var text = PrometheusText()
        text.add(
            "round",
            .gauge,
            help: "A \"round\"\nof C:\\.",
            [.init(labels: [("campaign", "a\"} 1\nfake{b=\"\\"), ("status", "é")], value: 2)]
        )
        #expect(
            text.text == #"""
                # HELP selfimprove_round A "round"\nof C:\\.
                # TYPE selfimprove_round gauge
                selfimprove_round{campaign="a\"} 1\nfake{b=\"\\",status="é"} 2.0

                """#
        )
    }

    @Test("A metric without labels has no braces, and one without samples still has its type")
    func shapes() {
        var text = PrometheusText()
        text.add("up", .gauge, help: "h", [.init(labels: [], value: 1)])
        text.add("total", .counter, help: "h", [])
        #expect(
            text.text.contains("\nselfimprove_up 1.0\n") && text.text.hasSuffix("# TYPE selfimprove_total counter\n")
        )
    }

    @Test("Responses are counted by status")
    func counting() async throws {
        try await ServerUnderTest.withDaemon { client, _ in
            _ = try await client.get("/healthz")
            _ = try await client.get("/nothing")
            _ = try await client.get("/nothing")
            let metrics = try await client.get("/metrics")
            #expect(metrics.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics.text.contains("selfimprove_http_responses_total{status=\"200\"} 1.0\n"))
            #expect(metrics.text.contains("selfimprove_http_responses_total{status=\"404\"} 2.0\n"))
        }
    }
}

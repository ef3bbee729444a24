import Foundation
import Hummingbird
import Scheduler
import SelfImprove

/// The dashboard, health, and metrics.
struct PageRoutes: Sendable {
    let daemon: Daemon
    let counters: RequestCounters

    func add(to router: Router<BasicRequestContext>) {
        router.get("/") { _, _ in Self.file(PackageResources.dashboard_html, "text/html; charset=utf-8") }
        router.get("dashboard.css") { _, _ in Self.file(PackageResources.dashboard_css, "text/css; charset=utf-8") }
        router.get("dashboard.js") { _, _ in
            Self.file(PackageResources.dashboard_js, "text/javascript; charset=utf-8")
        }
        router.get("openapi.json") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_json))
            )
        }
        router.get("readyz") { _, _ in
            _ = try daemon.lineage.campaigns()  // the database answers
            return try JSONResponse.make(["status": "ready"])
        }
        router.get("metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: try await metrics()))
            )
        }
    }

    /// The page's three files, which hold no data.
    static let pagePaths: Set<String> = ["/", "/dashboard.css", "/dashboard.js"]

    /// The page loads nothing from elsewhere, and runs no script and no style that is written into its markup.
    private static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"

    private static func file(_ bytes: [UInt8], _ type: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: type, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff",
                .contentSecurityPolicy: contentSecurityPolicy,
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    /// Prometheus' text format.
    private func metrics() async throws -> String {
        var lines: [String] = []
        func metric(_ name: String, _ kind: String, _ help: String, _ values: [(labels: String, value: Double)]) {
            lines.append("# HELP selfimprove_\(name) \(help)")
            lines.append("# TYPE selfimprove_\(name) \(kind)")
            for (labels, value) in values {
                lines.append("selfimprove_\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value)")
            }
        }
        let all = try await daemon.statuses()
        func each(_ value: (CampaignStatus) -> Double?) -> [(String, Double)] {
            all.compactMap { campaign in value(campaign).map { ("campaign=\"\(campaign.campaign)\"", $0) } }
        }
        metric(
            "campaign_status",
            "gauge",
            "1 for the status that the campaign is in.",
            all.map { ("campaign=\"\($0.campaign)\",status=\"\($0.status.rawValue)\"", 1) }
        )
        metric("campaign_round", "gauge", "The latest round that was begun.", each { Double($0.round) })
        metric("campaign_score", "gauge", "Held-out score of the champion, 0 to 1.", each { $0.score?.value })
        metric("campaign_running_seconds_total", "counter", "Time spent on steps, over restarts.", each { $0.seconds })
        metric("campaign_tokens_total", "counter", "Tokens generated, scored and trained.", each { Double($0.tokens) })
        metric(
            "step_progress",
            "gauge",
            "Share of the running step that is done, 0 to 1.",
            each { $0.step.flatMap { $0.total > 0 ? Double($0.done) / Double($0.total) : nil } }
        )
        metric(
            "http_responses_total",
            "counter",
            "Answers by status.",
            counters.byStatus.map { ("status=\"\($0.status)\"", Double($0.count)) }
        )
        return lines.joined(separator: "\n") + "\n"
    }
}

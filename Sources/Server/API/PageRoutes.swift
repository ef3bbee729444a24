import Foundation
import Hummingbird
import Scheduler
import SelfImprove

/// The dashboard, the API's description, readiness and metrics.
struct PageRoutes: Sendable {
    let daemon: Daemon
    let counters: RequestCounters

    /// The three files of the page. They hold no data, so that a browser without a token may load them.
    static let pagePaths: Set<String> = ["/", "/dashboard.css", "/dashboard.js"]

    func add(to router: Router<ServerContext>) {
        router.get("/") { _, _ in Self.page(PackageResources.dashboard_html, "text/html; charset=utf-8") }
        router.get("dashboard.css") { _, _ in Self.page(PackageResources.dashboard_css, "text/css; charset=utf-8") }
        router.get("dashboard.js") { _, _ in
            Self.page(PackageResources.dashboard_js, "text/javascript; charset=utf-8")
        }
        router.get("openapi.json") { _, _ in
            try Self.response(APIDescription.json(), [.contentType: "application/json"])
        }
        router.get("readyz") { _, _ in
            let lineage = daemon.lineage
            _ = try await BlockingWork.run { try lineage.campaigns() }  // the database answers
            return try JSONResponse.make(["status": "ready"])
        }
        router.get("metrics") { _, _ in
            let text = try await metrics().text
            return Self.response(
                Array(text.utf8),
                [.contentType: PrometheusText.contentType, .cacheControl: "no-store"]
            )
        }
    }

    /// Nothing comes from another origin, and no script or style in the markup itself is run.
    private static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"

    private static func page(_ bytes: [UInt8], _ type: String) -> Response {
        response(
            bytes,
            [
                .contentType: type, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff",
                .contentSecurityPolicy: contentSecurityPolicy,
            ]
        )
    }

    private static func response(_ bytes: [UInt8], _ headers: HTTPFields) -> Response {
        Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func metrics() async throws -> PrometheusText {
        let campaigns = try await daemon.statuses()
        func each(_ value: (CampaignStatus) -> Double?) -> [PrometheusText.Sample] {
            campaigns.compactMap { campaign in
                value(campaign).map { .init(labels: [("campaign", campaign.campaign)], value: $0) }
            }
        }
        var metrics = PrometheusText()
        metrics.add(
            "campaign_status",
            .gauge,
            help: "1 for the status that the campaign is in.",
            campaigns.map {
                .init(labels: [("campaign", $0.campaign), ("status", $0.status.rawValue)], value: 1)
            }
        )
        metrics.add("campaign_round", .gauge, help: "The latest round that was begun.", each { Double($0.round) })
        metrics.add(
            "campaign_score",
            .gauge,
            help: "Held-out score of the champion, 0 to 1.",
            each { $0.score?.value }
        )
        metrics.add(
            "campaign_running_seconds_total",
            .counter,
            help: "Time spent on steps, over restarts.",
            each { $0.seconds }
        )
        metrics.add(
            "campaign_tokens_total",
            .counter,
            help: "Tokens generated, scored and trained.",
            each { Double($0.tokens) }
        )
        metrics.add(
            "step_progress",
            .gauge,
            help: "Share of the running step that is done, 0 to 1.",
            each { $0.step.flatMap { $0.total > 0 ? Double($0.done) / Double($0.total) : nil } }
        )
        metrics.add(
            "http_responses_total",
            .counter,
            help: "Answers by status.",
            counters.byStatus.map { .init(labels: [("status", "\($0.status)")], value: Double($0.count)) }
        )
        return metrics
    }
}

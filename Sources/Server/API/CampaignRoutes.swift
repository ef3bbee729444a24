import Foundation
import Hummingbird
import Scheduler
import SelfImprove

/// `/api`: campaigns, their rounds and samples, and what a person can do to them.
struct CampaignRoutes: Sendable {
    let daemon: Daemon

    func add(to router: Router<ServerContext>) {
        let api = router.group("api")
        api.get("campaigns") { _, _ in try await JSONResponse.make(["campaigns": daemon.statuses()]) }
        api.post("campaigns") { request, _ in try await start(request) }
        api.get("campaigns/:name") { _, context in try await show(context) }
        api.get("campaigns/:name/lineage") { _, context in try await query(context, Self.tree) }
        api.get("campaigns/:name/rounds") { request, context in
            try await query(context) { try Self.rounds($0, $1, request.uri.queryParameters) }
        }
        api.get("campaigns/:name/samples") { request, context in
            try await query(context) { try Self.samples($0, $1, request.uri.queryParameters) }
        }
        api.get("campaigns/:name/events") { request, context in
            try await query(context) { try Self.events($0, $1, request.uri.queryParameters) }
        }
        api.post("campaigns/:name/pause") { request, context in
            try await change(context) { try await daemon.pause($0, atOnce: atOnce(request)) }
        }
        api.post("campaigns/:name/resume") { _, context in try await change(context) { try await daemon.resume($0) } }
        api.post("campaigns/:name/stop") { request, context in
            try await change(context) { try await daemon.stop($0, atOnce: atOnce(request)) }
        }
        api.post("campaigns/:name/rollback") { request, context in try await rollback(request, context) }
        api.post("campaigns/:name/quarantine") { request, context in try await quarantine(request, context) }
        api.patch("campaigns/:name/criteria") { request, context in try await criteria(request, context) }
        api.get("models/**") { _, context in try await model(context) }
        api.get("events") { request, _ in try EventStream(daemon).response(to: request) }
    }

    // MARK: Reading

    /// Answers from the lineage alone, with the name of an existing campaign.
    private func query<Value: Sendable>(
        _ context: ServerContext,
        _ body: @escaping @Sendable (Lineage, _ name: String) throws -> Value
    ) async throws -> Value {
        let lineage = daemon.lineage, name = try context.parameters.require("name")
        return try await BlockingWork.run { try body(lineage, lineage.campaign(name).name) }
    }

    /// The name of an existing campaign.
    private func name(_ context: ServerContext) async throws -> String { try await query(context) { $1 } }

    private struct Whole: Encodable {
        var status: CampaignStatus
        var configuration: CampaignConfiguration

        enum CodingKeys: CodingKey { case configuration }

        func encode(to encoder: any Encoder) throws {
            try status.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(configuration, forKey: .configuration)
        }
    }

    private func show(_ context: ServerContext) async throws -> Response {
        let record = try await query(context) { try $0.campaign($1) }
        return try await JSONResponse.make(
            Whole(status: daemon.status(record.name), configuration: record.configuration())
        )
    }

    private struct Tree: Encodable {
        var report: LineageReport
        var active: [Int]

        enum CodingKeys: CodingKey { case active }

        func encode(to encoder: any Encoder) throws {
            try report.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(active, forKey: .active)
        }
    }

    private static func tree(_ lineage: Lineage, _ name: String) throws -> Response {
        try JSONResponse.make(Tree(report: lineage.report(name), active: lineage.activeRounds(name)))
    }

    private static func rounds(_ lineage: Lineage, _ name: String, _ query: Parameters) throws -> Response {
        let after = try integer("after", query, default: 0, 0...Int.max),
            limit = try integer("limit", query, default: 100, 1...1000)
        return try JSONResponse.make([
            "rounds": Array(lineage.report(name).rounds.filter { $0.round > after }.prefix(limit))
        ])
    }

    private struct Samples: Encodable {
        var round: Int
        var total: Int
        var samples: [PromptStory]
    }

    private static func samples(_ lineage: Lineage, _ name: String, _ query: Parameters) throws -> Response {
        let latest = try lineage.latestRound(name)
        let round = try integer("round", query, default: latest, 0...Int.max)
        guard round >= 1, round <= latest else {
            throw SelfImproveError(.notFound, "there is no round \(round)", context: name)
        }
        let part = try query["step"].map { text in
            guard let part = PromptStory.Part(rawValue: String(text)) else {
                throw SelfImproveError(
                    .input,
                    "there is no step \"\(text.prefix(40))\"",
                    context: "step",
                    hint: "propose, aggregate, sample or judge"
                )
            }
            return part
        }
        let (stories, total) = try lineage.stories(
            name,
            round: round,
            part: part,
            offset: integer("offset", query, default: 0, 0...Int.max),
            limit: integer("limit", query, default: 20, 1...200)
        )
        return try JSONResponse.make(Samples(round: round, total: total, samples: stories))
    }

    private static func events(_ lineage: Lineage, _ name: String, _ query: Parameters) throws -> Response {
        try JSONResponse.make(["events": lineage.events(name, limit: integer("limit", query, default: 50, 1...1000))])
    }

    private func model(_ context: ServerContext) async throws -> Response {
        let lineage = daemon.lineage
        let reference = context.parameters.getCatchAll().map { $0.removingPercentEncoding ?? String($0) }.joined(
            separator: "/"
        )
        return try await BlockingWork.run {
            try JSONResponse.make(lineage.report(model: lineage.resolveWithinLineage(reference).digest))
        }
    }

    private static func integer(
        _ key: String,
        _ query: Parameters,
        default fallback: Int,
        _ range: ClosedRange<Int>
    ) throws -> Int {
        guard let text = query[Substring(key)] else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw SelfImproveError(
                .input,
                "is \"\(text.prefix(40))\"",
                context: key,
                hint: range.upperBound == .max
                    ? "a whole number from \(range.lowerBound)"
                    : "a whole number, \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    // MARK: Changing

    /// Puts a YAML configuration into the queue. Its models and files must be the nursery's, or lie in the state
    /// directory.
    private func start(_ request: Request) async throws -> Response {
        let lineage = daemon.lineage, body = try await request.body.collect(upTo: HTTPServer.maximumBody)
        let configuration = try await BlockingWork.run {
            try CampaignConfiguration.parse(
                String(buffer: body),
                name: "configuration",
                directory: lineage.state,
                within: lineage.state
            )
        }
        let record = try await daemon.start(configuration)
        return try await JSONResponse.make(daemon.status(record.name), status: .created)
    }

    private func change(_ context: ServerContext, _ body: (String) async throws -> Void) async throws -> Response {
        let name = try await name(context)
        try await body(name)
        return try await JSONResponse.make(daemon.status(name))
    }

    private func atOnce(_ request: Request) async throws -> Bool {
        let fields = try await RequestFields.of(request, mayBeEmpty: true)
        let now = try fields.flag("now") ?? false
        try fields.finish()
        return now
    }

    private struct Pending: Encodable {
        var pending = true
        var campaign: String
        var to: String
    }

    private func rollback(_ request: Request, _ context: ServerContext) async throws -> Response {
        let name = try await name(context)
        let fields = try await RequestFields.of(request)
        let target = try fields.requiredText("to"), reason = try fields.text("reason")
        let now = try fields.flag("now") ?? false
        try fields.finish()
        if let done = try await daemon.rollback(name, to: target, reason: reason, atOnce: now) {
            return try JSONResponse.make(done)
        }
        return try JSONResponse.make(Pending(campaign: name, to: target), status: .accepted)
    }

    private func criteria(_ request: Request, _ context: ServerContext) async throws -> Response {
        let name = try await name(context)
        let changes = try await RequestFields.of(request).texts().sorted { $0.key < $1.key }
        return try await JSONResponse.make(daemon.changeCriteria(name, changes))
    }

    private func quarantine(_ request: Request, _ context: ServerContext) async throws -> Response {
        let name = try await name(context)
        let fields = try await RequestFields.of(request)
        let wish = QuarantineRequest(
            peer: try fields.requiredText("peer"),
            since: try fields.word("since"),
            reason: try fields.text("reason"),
            lift: try fields.flag("lift") ?? false,
            actor: try fields.text("actor") ?? "http"
        )
        try fields.finish()
        let daemon = daemon
        return try await BlockingWork.run { try JSONResponse.make(daemon.quarantine(name, wish)) }
    }
}

import Foundation
import Hummingbird
import Scheduler
import SelfImprove

/// `/api`: campaigns, their rounds and samples, and what a person can do to them.
struct CampaignRoutes: Sendable {
    let daemon: Daemon
    private var lineage: Lineage { daemon.lineage }

    func add(to router: Router<BasicRequestContext>) {
        let api = router.group("api")
        api.get("campaigns") { _, _ in try await JSONResponse.make(["campaigns": daemon.statuses()]) }
        api.post("campaigns") { request, _ in try await start(request) }
        api.get("campaigns/:name") { _, context in try await show(name(context)) }
        api.get("campaigns/:name/lineage") { _, context in try tree(name(context)) }
        api.get("campaigns/:name/rounds") { request, context in try rounds(name(context), request) }
        api.get("campaigns/:name/samples") { request, context in try samples(name(context), request) }
        api.get("campaigns/:name/events") { request, context in try events(name(context), request) }
        api.post("campaigns/:name/pause") { request, context in
            try await change(context) { try await daemon.pause($0, atOnce: atOnce(request)) }
        }
        api.post("campaigns/:name/resume") { _, context in try await change(context) { try await daemon.resume($0) } }
        api.post("campaigns/:name/stop") { request, context in
            try await change(context) { try await daemon.stop($0, atOnce: atOnce(request)) }
        }
        api.post("campaigns/:name/rollback") { request, context in try await rollback(name(context), request) }
        api.patch("campaigns/:name/criteria") { request, context in try await criteria(name(context), request) }
        api.get("models/**") { _, context in
            let reference = context.parameters.getCatchAll().map { $0.removingPercentEncoding ?? String($0) }.joined(
                separator: "/"
            )
            return try JSONResponse.make(lineage.report(model: lineage.resolveWithinLineage(reference).digest))
        }
        api.get("events") { request, _ in try EventStream(daemon).response(to: request) }
    }

    private func name(_ context: BasicRequestContext) throws -> String {
        let name = try context.parameters.require("name")
        return try lineage.campaign(name).name
    }

    // MARK: Reading

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

    private func show(_ name: String) async throws -> Response {
        try await JSONResponse.make(
            Whole(status: daemon.status(name), configuration: lineage.campaign(name).configuration)
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

    private func tree(_ name: String) throws -> Response {
        try JSONResponse.make(Tree(report: lineage.report(name), active: lineage.activeRounds(name)))
    }

    private func rounds(_ name: String, _ request: Request) throws -> Response {
        let after = try integer("after", request, default: 0, 0...Int.max),
            limit = try integer("limit", request, default: 100, 1...1000)
        return try JSONResponse.make([
            "rounds": Array(lineage.report(name).rounds.filter { $0.round > after }.prefix(limit))
        ])
    }

    private struct Samples: Encodable {
        var round: Int
        var total: Int
        var samples: [PromptStory]
    }

    private func samples(_ name: String, _ request: Request) throws -> Response {
        let latest = try lineage.latestRound(name)
        let round = try integer("round", request, default: latest, 0...Int.max)
        guard round >= 1, round <= latest else {
            throw SelfImproveError(.notFound, "there is no round \(round)", context: name)
        }
        let part = try request.uri.queryParameters["step"].map { text in
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
            offset: integer("offset", request, default: 0, 0...Int.max),
            limit: integer("limit", request, default: 20, 1...200)
        )
        return try JSONResponse.make(Samples(round: round, total: total, samples: stories))
    }

    private func events(_ name: String, _ request: Request) throws -> Response {
        try JSONResponse.make(["events": lineage.events(name, limit: integer("limit", request, default: 50, 1...1000))])
    }

    private func integer(_ key: String, _ request: Request, default fallback: Int, _ range: ClosedRange<Int>) throws
        -> Int
    {
        guard let text = request.uri.queryParameters[Substring(key)] else { return fallback }
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

    /// A YAML configuration becomes a campaign in the queue. Models and files are those of the nursery, or lie in the state directory.
    private func start(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: HTTPServer.maximumBody)
        let configuration = try CampaignConfiguration.parse(
            String(buffer: body),
            name: "configuration",
            directory: lineage.state,
            within: lineage.state
        )
        let record = try await daemon.start(configuration)
        return try await JSONResponse.make(daemon.status(record.name), status: .created)
    }

    private func change(_ context: BasicRequestContext, _ body: (String) async throws -> Void) async throws -> Response
    {
        let name = try name(context)
        try await body(name)
        return try await JSONResponse.make(daemon.status(name))
    }

    private struct Options: Decodable {
        var now: Bool?
    }

    private func atOnce(_ request: Request) async throws -> Bool {
        let body = try await request.body.collect(upTo: HTTPServer.maximumBody)
        return body.readableBytes == 0
            ? false : try JSONDecoder().decode(Options.self, from: Data(buffer: body)).now ?? false
    }

    private struct RollbackOptions: Decodable {
        var to: String
        var reason: String?
        var now: Bool?
    }

    private struct Pending: Encodable {
        var pending = true
        var campaign: String
        var to: String
    }

    private func rollback(_ name: String, _ request: Request) async throws -> Response {
        let options = try await decode(RollbackOptions.self, request)
        if let done = try await daemon.rollback(
            name,
            to: options.to,
            reason: options.reason,
            atOnce: options.now ?? false
        ) {
            return try JSONResponse.make(done)
        }
        return try JSONResponse.make(Pending(campaign: name, to: options.to), status: .accepted)
    }

    private func criteria(_ name: String, _ request: Request) async throws -> Response {
        let changes = try await decode([String: String].self, request)
        return try await JSONResponse.make(
            daemon.changeCriteria(name, changes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        )
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ request: Request) async throws -> Value {
        try JSONDecoder().decode(type, from: Data(buffer: try await request.body.collect(upTo: HTTPServer.maximumBody)))
    }
}

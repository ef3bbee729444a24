import GRDB

/// What a campaign's calls of endpoints came to, by peer, round and step.
public struct CallReport: Sendable, Equatable, Encodable {
    public struct Line: Sendable, Equatable, Codable, FetchableRecord {
        public var peer: String
        public var endpoint: String
        public var model: String
        /// Nil in `peers`, which adds up all rounds and steps.
        public var round: Int?
        public var step: StepName?
        /// Calls that ended, answered or not.
        public var calls: Int
        /// Without an answer, after all their tries.
        public var failures: Int
        /// HTTP requests beyond the first of each call.
        public var retries: Int
        public var promptTokens: Int
        public var completionTokens: Int
        public var money: Double
        /// Mean time of a call.
        public var meanSeconds: Double
        /// The last failure, in words.
        public var lastFailure: String?

        public static var databaseColumnDecodingStrategy: DatabaseColumnDecodingStrategy { .convertFromSnakeCase }

        private enum CodingKeys: String, CodingKey {
            case peer, endpoint, model, round, step, calls, failures, retries, promptTokens, completionTokens, money
            case meanSeconds, lastFailure
        }
    }

    public var campaign: String
    /// One for each peer, by name.
    public var peers: [Line]
    /// One for each peer, round and step, in the order in which they ran.
    public var steps: [Line]
}

extension Lineage {
    /// - Throws: `.notFound` where there is no such campaign.
    public func calls(_ name: String) throws -> CallReport {
        _ = try campaign(name)
        return try read { db in
            var steps = try CallReport.Line.fetchAll(db, sql: Self.lines("round, step"), arguments: [name])
            steps.sort { a, b in
                let x = (a.round ?? 0, a.step ?? .nursery, a.peer), y = (b.round ?? 0, b.step ?? .nursery, b.peer)
                return x < y
            }
            return CallReport(
                campaign: name,
                peers: try CallReport.Line.fetchAll(db, sql: Self.lines("NULL, NULL"), arguments: [name]),
                steps: steps
            )
        }
    }

    private static func lines(_ parts: String) -> String {
        let columns = parts == "round, step" ? "round, step" : "NULL AS round, NULL AS step"
        let grouping = parts == "round, step" ? ", round, step" : ""
        return """
            SELECT peer, MAX(endpoint) AS endpoint, MAX(model) AS model, \(columns), COUNT(*) AS calls,
                SUM(text IS NULL) AS failures, SUM(tries - 1) AS retries, SUM(prompt_tokens) AS prompt_tokens,
                SUM(completion_tokens) AS completion_tokens, SUM(money) AS money, AVG(seconds) AS mean_seconds,
                MAX(failure) AS last_failure
            FROM calls WHERE campaign = ? GROUP BY peer\(grouping) ORDER BY peer\(grouping)
            """
    }
}

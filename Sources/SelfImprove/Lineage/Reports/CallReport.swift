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
        /// What the endpoint has refused, and is not sent any more (`LearntParameters`).
        public var learnt: JSONText?

        public static var databaseColumnDecodingStrategy: DatabaseColumnDecodingStrategy { .convertFromSnakeCase }
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
            var steps = try CallReport.Line.fetchAll(db, sql: CallReport.query(byStep: true), arguments: [name])
            steps.sort { a, b in
                let x = (a.round ?? 0, a.step ?? .nursery, a.peer), y = (b.round ?? 0, b.step ?? .nursery, b.peer)
                return x < y
            }
            return CallReport(campaign: name, peers: try CallReport.peers(name, db), steps: steps)
        }
    }

    /// Of each peer, all rounds and steps together.
    public func callsByPeer(_ name: String) throws -> [CallReport.Line] {
        try read { try CallReport.peers(name, $0) }
    }
}

extension CallReport {
    fileprivate static func peers(_ campaign: String, _ db: Database) throws -> [Line] {
        try Line.fetchAll(db, sql: query(byStep: false), arguments: [campaign])
    }

    /// The latest failure, and what was learnt last, come after their time, which has 23 characters.
    fileprivate static func query(byStep: Bool) -> String {
        """
        SELECT peer, MAX(endpoint) AS endpoint, MAX(model) AS model, \(byStep ? "round, step, " : "")COUNT(*) AS calls,
            SUM(text IS NULL) AS failures, SUM(tries - 1) AS retries, SUM(prompt_tokens) AS prompt_tokens,
            SUM(completion_tokens) AS completion_tokens, SUM(money) AS money, AVG(seconds) AS mean_seconds,
            SUBSTR(MAX(at || failure), 24) AS last_failure, SUBSTR(MAX(at || learnt), 24) AS learnt
        FROM calls WHERE campaign = ? GROUP BY peer\(byStep ? ", round, step" : "") ORDER BY peer
        """
    }
}

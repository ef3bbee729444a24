import Foundation
import GRDB
import LocalLM

/// The call log of a campaign in its lineage.
///
/// A call has ended only when its row is on disk, which takes an fsync. Calls that end while one is written wait for
/// the next write and share it: a slow disk delays answers, and does not limit how many there are a second.
public actor DatabaseCallLog: CallLog {
    private let lineage: Lineage
    private let campaign: String
    private var waiting: [(call: CallRecord, continuation: CheckedContinuation<Void, any Error>)] = []
    private var isWriting = false

    public init(_ lineage: Lineage, campaign: String) {
        self.lineage = lineage
        self.campaign = campaign
    }

    public func answers(to digests: [String]) async throws -> [String: Answer] {
        let campaign = campaign
        return try await lineage.database.read { db in
            var answers: [String: Answer] = [:]
            for start in stride(from: 0, to: digests.count, by: Self.portion) {
                let part = digests[start..<min(start + Self.portion, digests.count)]
                let request = CallRecord.filter(
                    Column("campaign") == campaign && part.contains(Column("digest")) && Column("text") != nil
                )
                for call in try request.fetchAll(db) { answers[call.digest] = call.answer }
            }
            return answers
        }
    }

    /// Of digests that one query asks for.
    private static let portion = 500

    public nonisolated func learnt(of peer: String) throws -> LearntParameters {
        try lineage.read { db in
            let calls = CallRecord.filter(Column("campaign") == campaign && Column("peer") == peer)
            let latest = try calls.filter(Column("learnt") != nil).select(Column("learnt"), as: JSONText.self)
                .order(Column("at").desc, Column("learnt").desc).fetchOne(db)
            return try latest?.decode() ?? LearntParameters()
        }
    }

    public func spent(on peer: String) async throws -> CallCost {
        let campaign = campaign
        return try await lineage.database.read { try CallRecord.cost($0, campaign, peer) }
    }

    public func record(_ call: CallRecord) async throws {
        try await withCheckedThrowingContinuation { continuation in
            waiting.append((call, continuation))
            if !isWriting {
                isWriting = true
                Task { await write() }
            }
        }
    }

    private func write() async {
        while !waiting.isEmpty {
            let written = waiting
            waiting = []
            let result: Result<Void, any Error>
            do {
                try await lineage.database.write { db in for entry in written { try entry.call.write(db) } }
                result = .success(())
            } catch { result = .failure(error) }
            for entry in written { entry.continuation.resume(with: result) }
        }
        isWriting = false
    }
}

extension CallRecord {
    /// Nil of a call without one.
    var answer: Answer? {
        text.map { text in
            Answer(
                text: text,
                tokens: completionTokens,
                logprob: logprob,
                // Servers that say nothing ended by themselves; whatever else ended it, it is not whole.
                finishReason: finishReason == nil || finishReason == RemoteFinishReason.stop.name ? .stop : .length
            )
        }
    }

    /// An answer is never replaced; a failure is, and its tries count on.
    fileprivate func write(_ db: Database) throws {
        guard let known = try Self.filter(Column("campaign") == campaign && Column("digest") == digest).fetchOne(db)
        else { return try insert(db) }
        guard known.text == nil else { return }
        var call = self
        call.tries += known.tries
        call.seconds += known.seconds
        try call.update(db)
    }

    fileprivate static func cost(_ db: Database, _ campaign: String, _ peer: String) throws -> CallCost {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT TOTAL(prompt_tokens) AS prompt, TOTAL(completion_tokens) AS completion, TOTAL(money) AS money
                FROM calls WHERE campaign = ? AND peer = ?
                """,
            arguments: [campaign, peer]
        )
        return CallCost(
            promptTokens: Int(row?["prompt"] as Double? ?? 0),
            completionTokens: Int(row?["completion"] as Double? ?? 0),
            money: row?["money"] ?? 0
        )
    }
}

import Foundation
import GRDB
import LocalLM
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct CallLogTests {
    private func call(_ digest: String, text: String? = "yes", peer: String = "p", tries: Int = 1) -> CallRecord {
        CallRecord(
            campaign: "c",
            digest: digest,
            round: 1,
            step: .propose,
            peer: peer,
            endpoint: "http://127.0.0.1/v1",
            model: "m",
            text: text,
            finishReason: text == nil ? nil : "stop",
            promptTokens: 10,
            completionTokens: text == nil ? 0 : 3,
            money: 0.5,
            seconds: 2,
            tries: tries,
            failure: text == nil ? "status 500" : nil,
            at: Date(timeIntervalSince1970: 1)
        )
    }

    private func withLog(_ body: (Lineage, DatabaseCallLog) async throws -> Void) async throws {
        try await withTemporaryDirectory { folder in
            let lineage = try Lineage.open(state: folder)
            try lineage.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO campaigns (name, seed, configuration, criteria, status, created_at, program_version)
                        VALUES ('c', '1', '{}', '{}', 'running', '2026-01-01 00:00:00.000', 'x')
                        """
                )
            }
            try await body(lineage, DatabaseCallLog(lineage, campaign: "c"))
        }
    }

    @Test func whatWasAnsweredIsFoundByTheNextProcess() async throws {
        try await withLog { lineage, log in
            try await log.record(call("a"))
            try await log.record(call("b", text: nil, tries: 8))
            let next = DatabaseCallLog(lineage, campaign: "c")
            let known = try await next.answers(to: ["a", "b", "x"])
            #expect(known == ["a": Answer(text: "yes", tokens: 3, logprob: nil, finishReason: .stop)])
            #expect(try await DatabaseCallLog(lineage, campaign: "other").answers(to: ["a"]).isEmpty)
        }
    }

    @Test("What an endpoint refused is kept, and the next process does not send it again") func learnt() async throws {
        try await withLog { lineage, log in
            #expect(try log.learnt(of: "p") == LearntParameters())
            let learnt = try JSONText(text: #"{"isMaximumRenamed":true,"refused":["seed"]}"#)
                .decode(LearntParameters.self)
            var late = call("b")
            late.learnt = try JSONText(learnt)
            late.at += 5
            for record in [late, call("a")] { try await log.record(record) }
            #expect(try DatabaseCallLog(lineage, campaign: "c").learnt(of: "p") == learnt)
            #expect(try log.learnt(of: "q") == LearntParameters())
            #expect(learnt.words == "seed, max_tokens (sent as max_completion_tokens)")
        }
    }

    @Test func aFailureIsReplacedByItsAnswerAndAnAnswerByNothing() async throws {
        try await withLog { lineage, log in
            try await log.record(call("a", text: nil, tries: 8))
            try await log.record(call("a", text: "first", tries: 2))
            try await log.record(call("a", text: "second"))
            #expect(try await log.answers(to: ["a"])["a"]?.text == "first")
            let report = try lineage.calls("c")
            let line = try #require(report.peers.first)
            #expect(report.peers.count == 1 && line.calls == 1 && line.failures == 0 && line.retries == 9)
            #expect(line.completionTokens == 3 && line.lastFailure == nil && report.steps.first?.step == .propose)
        }
    }

    @Test func theLastFailureIsTheLatest() async throws {
        try await withLog { lineage, log in
            for (digest, failure, at) in [("a", "zz", 1.0), ("b", "aa", 3.5), ("c", "mm", 2.0)] {
                var failed = call(digest, text: nil)
                failed.failure = failure
                failed.at = Date(timeIntervalSince1970: at)
                try await log.record(failed)
            }
            try await log.record(call("d"))
            let report = try lineage.calls("c")
            #expect(report.peers.map(\.lastFailure) == ["aa"] && report.steps.map(\.lastFailure) == ["aa"])
            #expect(try lineage.callsByPeer("c") == report.peers && report.peers[0].round == nil)
        }
    }

    @Test func callsThatEndTogetherAreAllKept() async throws {
        try await withLog { lineage, log in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for i in 0..<2000 { tasks.addTask { try await log.record(call("\(i)", peer: "p\(i % 2)")) } }
                try await tasks.waitForAll()
            }
            #expect(try await log.answers(to: (0..<2000).map(String.init)).count == 2000)
            #expect(try await log.spent(on: "p1") == CallCost(promptTokens: 10_000, completionTokens: 3000, money: 500))
        }
    }

    @Test func aCallThatCannotBeKeptIsAnError() async throws {
        try await withLog { lineage, log in
            var lost = call("a")
            lost.campaign = "unknown"
            let unknown = lost
            await #expect(throws: DatabaseError.self) { try await log.record(unknown) }
            try await log.record(call("b"))
            #expect(try await log.answers(to: ["b"]).count == 1, "the next ones are")
        }
    }

    /// `derive(seed(key, s), 0) == derive(key, s)`: a server draws as this program does.
    @Test func aSeedDrawsLikeTheSampleOfItsKey() {
        for key in [0, 1, UInt64.max, 0x1234_5678_9ABC_DEF0] {
            for sample in 0..<20 as Range<UInt64> {
                let seed = RandomKey.seed(key, sample: sample)
                #expect(RandomKey.derive(seed, 0) == RandomKey.derive(key, sample))
            }
            #expect(RandomKey.seed(key, sample: 0) == key)
        }
    }
}

import LocalLM
import Synchronization
import TestSupport
import Testing

@testable import SelfImprove

/// A judge that writes, in a whole round.
@Suite struct WrittenJudgeRoundTests {
    @Test func everyVerdictCanBeTraced() async throws {
        try await withTemporaryDirectory { folder in
            let number = Mutex(0)
            let panel = "  - kind: written\n    name: panel\n    proposers: [letters, numbers]\n    aggregator: words"
            let world = try RoundWorld(folder, [("  - kind: agreement", panel)]) { digest, question in
                if question.contains("[[A]]") { return "The first one. [[A]]" }  // whatever is shown first
                if question.contains("robustness") { return "clarity, depth, safety" }
                if question.contains("trengths") { return "Answer A is good." }
                if digest != "sft 1" { return digest == "nursery student" ? "wrong" : question }
                return number.withLock {
                    $0 += 1
                    return "\(question) \($0)"
                }
            }
            try await world.round(1, from: "nursery student")
            let verdicts: [VerdictRecord] = world.journal.rows()
            let written = verdicts.filter { $0.judge == "panel" }
            #expect(written.count >= 10 && verdicts.contains { $0.judge == "likelihood" && $0.reasoning == nil })
            for verdict in written {
                #expect(verdict.verdict == .first && verdict.swappedVerdict == .second, "a flip")
                for text in [verdict.reasoning, verdict.swappedReasoning] {
                    let reasoning = try #require(text).decode(WrittenReasoning.self)
                    #expect(reasoning.criteria.criteria.count == 3 && !reasoning.criteria.isDefault)
                    #expect(reasoning.evaluations.map(\.participant) == ["letters", "numbers"])
                    #expect(reasoning.verdict?.text == "The first one. [[A]]")
                }
            }
        }
    }
}

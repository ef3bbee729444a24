import Foundation
import ModelFiles
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct PromptSourceTests {
    private func withFile(rows: Int, _ body: (PromptSource) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            let file = folder.appendingPathComponent("rows.jsonl")
            try JSONLines.encode(
                (0..<rows).map {
                    PromptRow(id: "\($0)", prompt: [Message(role: "user", content: "q \($0)")], answer: "\($0)")
                }
            ).write(to: file)
            try body(.file(file.path))
        }
    }

    private func heldOut(_ source: PromptSource, _ set: HeldOutSet = .gate, count: Int, seed: UInt64 = 1) throws
        -> [Int]
    {
        try source.heldOut(set, count: count, seed: seed, comparison: .whole).items.compactMap { Int($0.id) }
    }

    private func left(
        _ source: PromptSource,
        upTo limit: Int = .max,
        excluding used: Set<String> = [],
        heldOut: Set<String> = [],
        answered: Set<String> = []
    ) throws -> Int {
        try source.left(upTo: limit, excluding: used, heldOut: heldOut, answered: answered)
    }

    @Test func aFileWithNoMoreRowsThanWantedIsUsedWholeInItsOrder() throws {
        try withFile(rows: 30) { (source: PromptSource) throws -> Void in
            #expect(try heldOut(source, count: 30) == Array(0..<30))
            #expect(try heldOut(source, .report, count: 1000, seed: 9) == Array(0..<30))
        }
    }

    @Test func ofMoreRowsSeedAndSetChooseAndTheOrderOfTheFileStays() throws {
        try withFile(rows: 500) { (source: PromptSource) throws -> Void in
            let gate = try heldOut(source, count: 100)
            #expect(gate.count == 100 && Set(gate).count == 100 && gate == gate.sorted())
            #expect(gate != Array(0..<100) && gate.contains { $0 >= 400 })
            #expect(try heldOut(source, count: 100) == gate)
            #expect(try heldOut(source, count: 100, seed: 2) != gate)
            #expect(try heldOut(source, .report, count: 100) != gate)
        }
    }

    @Test func whatIsLeftIsWhatARoundCouldDraw() throws {
        try withFile(rows: 10) { (source: PromptSource) throws -> Void in
            let heldOut = Set((8..<10).map { PromptDigest.of([Message(role: "user", content: "q \($0)")]) })
            for (used, left) in [([], 8), (["0", "1", "9"], 6), ((0..<8).map(String.init), 0)] {
                #expect(try self.left(source, excluding: Set(used), heldOut: heldOut) == left)
                let drawn = try source.fresh(
                    count: 99,
                    excluding: Set(used),
                    heldOut: heldOut,
                    answered: [],
                    seed: 1
                )
                #expect(drawn.count == left)
            }
            #expect(try left(source, upTo: 3) == 3)
        }
        #expect(try left(.nursery, upTo: 50) == 50)
    }

    @Test func whatExamplesAnswerIsNeitherDrawnNorLeft() throws {
        try withFile(rows: 10) { (source: PromptSource) throws -> Void in
            let spaced = [Message(role: "system", content: "Be brief."), Message(role: "user", content: " q 3\n")]
            let answered: Set = [PromptDigest.ofQuestion(spaced)]
            let drawn = try source.fresh(count: 99, excluding: [], heldOut: [], answered: answered, seed: 1)
            #expect(drawn.count == 9 && !drawn.contains { $0.id == "3" })
            #expect(try left(source, answered: answered) == 9)
        }
        let made = try PromptSource.nursery.fresh(count: 50, excluding: [], heldOut: [], answered: [], seed: 1)
        let answered = Set(made.map { PromptDigest.ofQuestion($0.prompt) })
        let others = try PromptSource.nursery.fresh(count: 50, excluding: [], heldOut: [], answered: answered, seed: 1)
        #expect(others.count == 50 && others.allSatisfy { !answered.contains(PromptDigest.ofQuestion($0.prompt)) })
        #expect(try left(.nursery, upTo: 50, answered: answered) == 50)
    }

    @Test func aPoolLastsForWholeRoundsAndARest() {
        let pool = PromptPool(prompts: 250, perRound: 100)
        #expect(pool.rounds == 3 && pool.rounds(leaving: 100) == 2 && pool.rounds(leaving: 51) == 2)
        #expect(pool.rounds(leaving: 50) == 3 && pool.rounds(leaving: 251) == 0)
        #expect(PromptPool(prompts: 0, perRound: 10).rounds == 0 && PromptPool(prompts: 200, perRound: 100).rounds == 2)
    }
}

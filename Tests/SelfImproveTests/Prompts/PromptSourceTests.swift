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
                #expect(try source.left(upTo: .max, excluding: Set(used), heldOut: heldOut) == left)
                #expect(try source.fresh(count: 99, excluding: Set(used), heldOut: heldOut, seed: 1).count == left)
            }
            #expect(try source.left(upTo: 3, excluding: [], heldOut: []) == 3)
        }
        #expect(try PromptSource.nursery.left(upTo: 50, excluding: [], heldOut: []) == 50)
    }

    @Test func aPoolLastsForWholeRoundsAndARest() {
        let pool = PromptPool(prompts: 250, perRound: 100)
        #expect(pool.rounds == 3 && pool.rounds(leaving: 100) == 2 && pool.rounds(leaving: 51) == 2)
        #expect(pool.rounds(leaving: 50) == 3 && pool.rounds(leaving: 251) == 0)
        #expect(PromptPool(prompts: 0, perRound: 10).rounds == 0 && PromptPool(prompts: 200, perRound: 100).rounds == 2)
    }
}

import Foundation
import LocalLM
import Testing

@testable import SelfImprove

@Suite struct PairSelectionTests {
    private func degrees(_ pairs: [(first: Int, second: Int)], of count: Int) -> [Int] {
        var degrees = [Int](repeating: 0, count: count)
        for pair in pairs {
            degrees[pair.first] += 1
            degrees[pair.second] += 1
        }
        return degrees
    }

    private func isConnected(_ pairs: [(first: Int, second: Int)], of count: Int) -> Bool {
        var group = Array(0..<count)
        for pair in pairs {
            let (from, to) = (group[pair.first], group[pair.second])
            for place in group.indices where group[place] == from { group[place] = to }
        }
        return Set(group).count <= 1
    }

    @Test func everyBudgetIsSpentEvenlyOnDifferentPairs() {
        let seed: UInt64 = 3
        for count in 0...12 {
            let most = count * (count - 1) / 2
            for budget in 0...(most + 2) {
                let key = RandomKey.derive(RandomKey.derive(seed, UInt64(count)), UInt64(budget))
                let pairs = PairSelection.budget(budget).pairs(of: count, key: key)
                let place: Comment = "\(count) samples, budget \(budget), seed \(seed)"
                #expect(pairs.count == min(budget, most), place)
                #expect(pairs.allSatisfy { 0 <= $0.first && $0.first < $0.second && $0.second < count }, place)
                #expect(Set(pairs.map { [$0.first, $0.second] }).count == pairs.count, place)
                let degrees = degrees(pairs, of: count)
                #expect((degrees.max() ?? 0) - (degrees.min() ?? 0) <= 1, place)
                if count > 0, budget >= count - 1 { #expect(isConnected(pairs, of: count), place) }
            }
        }
    }

    @Test func allIsEveryPairInAscendingOrder() {
        let pairs = PairSelection.all.pairs(of: 4, key: 1).map { [$0.first, $0.second] }
        #expect(pairs == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])
    }

    @Test func theSeedChoosesAndAllPairsAreAsLikely() {
        var counts: [[Int]: Int] = [:]
        let trials = 6_000
        for trial in 0..<trials {
            for pair in PairSelection.budget(4).pairs(of: 5, key: UInt64(trial)) {
                counts[[pair.first, pair.second], default: 0] += 1
            }
        }
        // Each of 10 pairs with probability .4: a standard deviation is 38.
        #expect(counts.count == 10 && counts.values.allSatisfy { abs($0 - trials * 4 / 10) < 5 * 38 })
        let again = PairSelection.budget(4).pairs(of: 5, key: 9), same = PairSelection.budget(4).pairs(of: 5, key: 9)
        #expect(again.map(\.first) == same.map(\.first) && again.map(\.second) == same.map(\.second))
    }

    @Test func itIsWrittenAsAllOrANumber() throws {
        for (selection, text) in [(PairSelection.all, "[\"all\"]"), (.budget(8), "[8]")] {
            #expect(String(decoding: try JSONEncoder().encode([selection]), as: UTF8.self) == text)
            #expect(try JSONDecoder().decode([PairSelection].self, from: Data(text.utf8)) == [selection])
        }
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([PairSelection].self, from: Data("[\"some\"]".utf8))
        }
    }
}

import LocalLM
import Testing

@testable import SelfImprove

@Suite struct MinHashTests {
    /// A text, and a copy in which words are others, so that their index is near `share`.
    private func pair(_ random: inout RandomStream, changed: Int) -> (String, String) {
        let words = (0..<60).map { _ in "w\(random.integer(below: 100_000))" }
        var copy = words
        for _ in 0..<changed { copy[random.integer(below: copy.count)] = "x\(random.integer(below: 100_000))" }
        return (words.joined(separator: " "), copy.joined(separator: " "))
    }

    @Test("near texts are found, and none below the threshold, whatever the seed", arguments: [UInt64(1), 2, 3])
    func finds(seed: UInt64) {
        var random = RandomStream(key: seed), near = 0, found = 0
        for index in 0..<300 {
            let (a, b) = pair(&random, changed: index % 8)
            var hash = MinHash(seed: seed)
            hash.keep(a)
            let match = hash.match(b), score = hash.jaccard(a, b)
            if let match { #expect(match.score == score && score >= 0.7, "seed \(seed)") }
            near += score >= 0.7 ? 1 : 0
            found += match == nil ? 0 : 1
        }
        #expect(near > 80 && Double(found) >= 0.97 * Double(near), "seed \(seed): \(found) of \(near)")
    }

    @Test("the minima estimate the Jaccard index")
    func estimate() {
        var random = RandomStream(key: 5), error = 0.0
        let hash = MinHash(seed: 9)
        for index in 0..<100 {
            let (a, b) = pair(&random, changed: index % 10)
            error += (hash.estimate(a, b) - hash.jaccard(a, b)) / 100
        }
        #expect(abs(error) < 0.02, "the estimate has no bias: \(error)")
    }

    @Test("the index by hand: 2 shingles of 4 in common")
    func byHand() {
        let hash = MinHash(seed: 1)
        #expect(hash.jaccard("a b c d e", "A b, c d f") == 0.5)
        #expect(hash.jaccard("a b", "a b") == 1 && hash.jaccard("a", "b") == 0 && hash.jaccard("", "") == 0)
        #expect(hash.jaccard("这是一个问题吗", "这是一个问题吗？") == 1, "other scripts count")
    }

    @Test("the same seed gives the same choice; texts without words are never near")
    func seeded() {
        func choice(_ seed: UInt64) -> [Bool] {
            var random = RandomStream(key: 11), hash = MinHash(bands: 4, rows: 8, seed: seed)
            return (0..<200).map { _ in
                let (a, b) = pair(&random, changed: 3)
                _ = hash.keepOrMatch(a)
                return hash.keepOrMatch(b) == nil
            }
        }
        #expect(choice(1) == choice(1) && choice(1) != choice(2))
        var hash = MinHash(seed: 1)
        #expect(hash.keepOrMatch("?") == nil && hash.keepOrMatch("?") == nil && hash.count == 2)
    }

    @Test("texts made from one template are bounded in time")
    func template() {
        var hash = MinHash(seed: 1)
        let time = ContinuousClock().measure {
            for index in 0..<3_000 {
                _ = hash.keepOrMatch(
                    "Write me a nice and short story about the number \(index) x\(index) y\(index) z\(index)"
                )
            }
        }
        #expect(time < .seconds(20))
        #expect(hash.count > 2_000)
    }

    @Test("a megabyte takes linear time")
    func worstCase() {
        var hash = MinHash(seed: 1)
        let text = (0..<150_000).map { "w\($0)" }.joined(separator: " ")
        let time = ContinuousClock().measure {
            hash.keep(text)
            #expect(hash.match(text)?.score == 1)
        }
        #expect(time < .seconds(20))
    }
}

import LocalLM
import Testing

@testable import SelfImprove

@Suite struct NearDuplicatesTests {
    @Test("a candidate near a seed or near one kept before is dropped, and says which")
    func greedy() {
        var duplicates = NearDuplicates()
        duplicates.keep("Write a short story about a lonely cat.")
        #expect(duplicates.keepOrMatch("Write a short story about a lonely dog.") == .init(index: 0, score: 0.875))
        #expect(duplicates.keepOrMatch("Name three rivers of Peru") == nil)
        #expect(duplicates.keepOrMatch("name THREE rivers, of Peru!")?.index == 1)
        #expect(duplicates.count == 2)
    }

    @Test("exactly .7 is near, as in the paper")
    func boundary() {
        // 7 words of 10 in common, in both.
        var duplicates = NearDuplicates()
        duplicates.keep("a b c d e f g h i j")
        #expect(duplicates.match("a b c d e f g x y z") != nil)
        #expect(duplicates.match("a b c d e f x y z w") == nil)
    }

    @Test("texts without a word of a-z and 0-9 are never near")
    func otherScripts() {
        var duplicates = NearDuplicates()
        duplicates.keep("漢字")
        #expect(duplicates.keepOrMatch("漢字") == nil && duplicates.keepOrMatch("") == nil)
    }

    @Test("the bounds change nothing: every pair is decided as by the score alone", arguments: [UInt64(1), 2, 3])
    func boundsAreExact(seed: UInt64) {
        var random = RandomStream(key: seed)
        for threshold in [0.3, 0.5, 0.7, 0.9, 1] {
            var duplicates = NearDuplicates(threshold: threshold), kept: [String] = []
            for _ in 0..<120 {
                let letters = 2 + random.integer(below: 40)
                let text = (0..<random.integer(below: 25)).map { _ in "w\(random.integer(below: letters))" }
                    .joined(separator: " ")
                let first = kept.firstIndex { RougeL.fMeasure($0, text) >= threshold }
                #expect(duplicates.keepOrMatch(text)?.index == first, "seed \(seed), \(threshold): \(text)")
                if first == nil { kept.append(text) }
            }
        }
    }

    @Test("of a long text only the first words are compared")
    func longest() {
        var duplicates = NearDuplicates(longest: 5)
        duplicates.keep("a b c d e f g h")
        #expect(duplicates.match("a b c d e z z z z z z z z z")?.score == 1)
    }

    @Test("texts of a megabyte with the same words in another order cost no more than their first words")
    func worstCase() {
        var random = RandomStream(key: 3), duplicates = NearDuplicates()
        let time = ContinuousClock().measure {
            for _ in 0..<6 {
                let text = (0..<200_000).map { _ in "w\(random.integer(below: 20))" }.joined(separator: " ")
                _ = duplicates.keepOrMatch(text)
            }
        }
        #expect(time < .seconds(30))
    }
}

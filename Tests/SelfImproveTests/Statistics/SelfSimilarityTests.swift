import Testing

@testable import SelfImprove

@Suite struct SelfSimilarityTests {
    @Test("The same text everywhere is 1, nothing in common 0, and the mean is over pairs") func values() {
        #expect(SelfSimilarity.mean(["a b c", "a b c", "a b c"]) == 1)
        #expect(SelfSimilarity.mean(["a b", "c d"]) == 0)
        #expect(SelfSimilarity.mean(["a b", "a b", "c d"]) == 1.0 / 3)
        #expect(SelfSimilarity.mean(["a"]) == nil && SelfSimilarity.mean([]) == nil)
        #expect(SelfSimilarity.mean(["a", "b", "b"], limit: 2) == 0)
    }
}

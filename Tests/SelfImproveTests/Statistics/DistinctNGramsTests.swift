import Testing

@testable import SelfImprove

@Suite struct DistinctNGramsTests {
    @Test func distinctNGramsAreCountedOverAllAnswers() {
        let answers = ["a b a b", "a  b", "c", ""]
        #expect(DistinctNGrams.share(answers, n: 1) == 3.0 / 7)
        #expect(DistinctNGrams.share(answers, n: 2) == 2.0 / 4, "ab, ba of ab, ba, ab, ab")
        #expect(DistinctNGrams.share(answers, n: 5) == nil)
        #expect(DistinctNGrams.share([], n: 1) == nil)
    }
}

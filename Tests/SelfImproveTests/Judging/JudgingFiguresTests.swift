import Testing

@testable import SelfImprove

@Suite struct JudgingFiguresTests {
    private func figures(_ pairs: [(Verdict, Verdict)], first: String = "long text", second: String = "short")
        -> JudgingFigures
    {
        var figures = JudgingFigures()
        for (verdict, swapped) in pairs {
            figures.count(verdict, swapped: swapped, first: first, second: second)
        }
        return figures
    }

    @Test func everyPairIsExactlyOneThing() {
        let all: [Verdict] = [.first, .second, .tie, .unparsable]
        let figures = figures(all.flatMap { a in all.map { (a, $0) } })
        #expect(figures.comparisons == 16)
        #expect(figures.preferences == 2 && figures.flips == 2 && figures.ties == 5 && figures.unparsable == 7)
        #expect(figures.decided == 16 && figures.prefersFirst == 0.5)
    }

    @Test func aJudgeThatAlwaysPrefersTheFirstFlipsEverywhere() {
        let figures = figures([(.first, .second), (.first, .second)])
        #expect(figures.flipRate == 1 && figures.prefersFirst == 1 && figures.prefersLonger == nil)
    }

    @Test func onlyPreferencesOfUnequalLengthTellOfLength() {
        #expect(figures([(.first, .first), (.second, .second), (.first, .first)]).prefersLonger == 2.0 / 3)
        #expect(figures([(.first, .first)], first: "a", second: "b").prefersLonger == nil)
    }

    @Test func figuresAddUp() {
        let a = figures([(.first, .first), (.tie, .tie)]), b = figures([(.first, .second), (.unparsable, .tie)])
        #expect(a + b == figures([(.first, .first), (.tie, .tie), (.first, .second), (.unparsable, .tie)]))
        #expect(JudgingFigures().flipRate == nil, "nothing was counted")
    }
}

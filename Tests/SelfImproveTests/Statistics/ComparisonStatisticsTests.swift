import LocalLM
import Testing

@testable import SelfImprove

/// Against scipy 1.17.
@Suite struct ComparisonStatisticsTests {
    /// `scipy.stats.norm.ppf` and `cdf`.
    @Test(arguments: [
        (0.975, 1.959963984540054), (0.5, 0), (0.8, 0.8416212335729143), (0.95, 1.6448536269514722),
        (0.001, -3.090232306167813), (1e-10, -6.361340902404056), (0.99999, 4.264890793923841),
    ]) func normalQuantiles(share: Double, value: Double) {
        #expect(abs(NormalDistribution.quantile(share) - value) < 1e-12 * max(1, abs(value)))
        #expect(abs(NormalDistribution.cumulative(value) - share) < 1e-14)
    }

    @Test func theEndsOfTheNormalDistribution() {
        #expect(NormalDistribution.quantile(0) == -.infinity && NormalDistribution.quantile(1) == .infinity)
    }

    /// `scipy.stats.binomtest(min, b + c, 0.5).pvalue`.
    @Test(arguments: [
        (0, 0, 1), (0, 1, 1), (5, 5, 1), (0, 10, 0.001953125), (3, 12, 0.03515625), (25, 41, 0.06401750413722565),
        (400, 500, 0.0009564441369189373),
    ]) func mcNemar(first: Int, second: Int, p: Double) {
        #expect(abs(McNemar.pValue(onlyFirst: first, onlySecond: second) - p) < 1e-9)
        #expect(
            McNemar.pValue(onlyFirst: first, onlySecond: second) == McNemar.pValue(onlyFirst: second, onlySecond: first)
        )
    }

    /// By hand: sums 1, -1, 4, counts 2, 1, 3, mean 2/3, residuals -1/3, -5/3, 2.
    @Test func standardErrorOfClusters() {
        let mean = ClusteredMean([1, 0, -1, 2, 1, 1], clusters: ["a", "a", "b", "c", "c", "c"])
        #expect(mean.sums == [1, -1, 4] && mean.counts == [2, 1, 3] && abs(mean.mean - 2.0 / 3) < 1e-15)
        let squares = 1.0 / 9 + 25.0 / 9 + 4
        #expect(abs(mean.standardError - (1.5 * squares).squareRoot() / 6) < 1e-15)
        // Without groups it is the usual one.
        let plain = ClusteredMean([1, 0, -1, 2], clusters: nil)
        #expect(abs(plain.standardError - (5.0 / 3 / 4).squareRoot()) < 1e-15)
        #expect(ClusteredMean([1, 2], clusters: ["a", "a"]).standardError == 0)
    }

    /// Four prompts of a template share half of what varies: whole templates must be drawn, or the interval is too
    /// narrow.
    @Test func intervalsOfClustersCoverTheTruth() {
        var covered = (clustered: 0, plain: 0)
        for trial in 0..<300 {
            var random = RandomStream(key: UInt64(trial) &* 31)
            var values: [Double] = [], clusters: [String] = []
            for cluster in 0..<60 {
                let common = random.normal()
                for _ in 0..<4 {
                    values.append(0.1 + common + random.normal())
                    clusters.append("\(cluster)")
                }
            }
            let bootstrap = PairedBootstrap(resamples: 500, seed: UInt64(trial))
            let wide = bootstrap.interval(values, clusters: clusters, confidence: 0.95)
            let narrow = bootstrap.interval(values, confidence: 0.95)
            if wide.low <= 0.1 && 0.1 <= wide.high { covered.clustered += 1 }
            if narrow.low <= 0.1 && 0.1 <= narrow.high { covered.plain += 1 }
        }
        #expect((274...294).contains(covered.clustered), "\(covered) of 300; 285 expected, standard error 3.8")
        #expect(covered.plain < 255, "the comparison compares something")
    }

    /// Clusters of one are no clusters: the same draws, the same bits.
    @Test func clustersOfOneChangeNothing() {
        let values = (0..<50).map { Double($0 % 3) - 1 }
        let bootstrap = PairedBootstrap(resamples: 300, seed: 5)
        #expect(
            bootstrap.interval(values, confidence: 0.9)
                == bootstrap.interval(values, clusters: (0..<50).map { "\($0)" }, confidence: 0.9)
        )
    }
}

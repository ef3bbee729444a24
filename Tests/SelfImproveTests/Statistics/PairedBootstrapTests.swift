import LocalLM
import Testing

@testable import SelfImprove

@Suite struct PairedBootstrapTests {
    @Test func theBootstrapIntervalCoversTheTruth() {
        var covered = 0
        for trial in 0..<400 {
            var random = RandomStream(key: UInt64(trial) &* 77)
            let differences = (0..<150).map { _ in
                let u = random.uniform(); return u < 0.3 ? 1.0 : u < 0.4 ? -1.0 : 0
            }
            let interval = PairedBootstrap(resamples: 500, seed: UInt64(trial)).interval(differences, confidence: 0.95)
            if interval.low <= 0.2 && 0.2 <= interval.high { covered += 1 }
        }
        #expect((364...394).contains(covered), "\(covered) of 400; 380 expected, standard error 4.4")
    }

    @Test func theBoundOfOneSideIsTheEndOfATwiceAsWideInterval() {
        let differences = [1.0, 0, 0, -1, 1, 1, 0, 1]
        let bootstrap = PairedBootstrap(resamples: 2000, seed: 3)
        #expect(
            bootstrap.lowerBound(differences, confidence: 0.95)
                == bootstrap.interval(differences, confidence: 0.9).low
        )
    }
}

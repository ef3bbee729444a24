import Testing

@testable import SelfImprove

@Suite struct UnitsTests {
    @Test(arguments: [
        (2_000_000_000, "2GB"), (1_500_000_000, "1500MB"), (3_000_000_000_000, "3TB"), (1_234_567, "1234567B"),
    ])
    func bytesAreReadBackAsTheyAreWritten(bytes: Int, text: String) {
        #expect(ByteCount.exact(bytes) == text && ByteCount.bytes(text) == bytes)
    }

    @Test func bytesAreShownInWholeUnitsOrTenthsOfMegabytes() {
        #expect(ByteCount.words(20_000_000_000) == "20GB")
        #expect(ByteCount.words(1_234_567) == "1.2MB" && ByteCount.words(0) == "0.0MB")
    }

    @Test(arguments: [(90.0, "90s"), (5400, "90m"), (21_600, "6h"), (172_800, "2d"), (0.5, "0.5s")])
    func secondsAreReadBackAsTheyAreWritten(seconds: Double, text: String) {
        #expect(Duration.words(seconds) == text && Duration.seconds(text) == seconds)
    }

    @Test func whatIsNoQuantityIsNotRead() {
        for text in ["", "GB", "0MB", "-1GB", "20", "1KB", "9e30TB"] {
            #expect(ByteCount.bytes(text) == nil, "\(text)")
        }
        for text in ["", "s", "0s", "-1m", "6w", "nan", "infs"] { #expect(Duration.seconds(text) == nil, "\(text)") }
    }
}

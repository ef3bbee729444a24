import Foundation
import LocalLM
import ModelFiles
import Testing

@testable import SelfImprove

@Suite struct RougeLTests {
    @Test(
        "words are those of rouge-score",
        arguments: [
            ("Don't stop-me_now, 3.14!", "don t stop me now 3 14"), ("Gr\u{F6}\u{DF}e", "gr e"),
            ("\u{212A}elvin \u{130}zmir", "kelvin i zmir"), ("漢字 \u{FF21}", ""), ("", ""),
        ]
    ) func words(text: String, words: String) { #expect(RougeL.words(of: text).joined(separator: " ") == words) }

    @Test("F by hand: 3 words in common of 4 and 5")
    func byHand() {
        // P = 3/5, R = 3/4: F = 2 * .45 / 1.35 = 2/3
        #expect(abs(RougeL.fMeasure("a b c d", "x a c y d") - 2.0 / 3) < 1e-15)
        #expect(RougeL.fMeasure("a b", "") == 0 && RougeL.fMeasure("", "") == 0 && RougeL.fMeasure("漢字", "漢字") == 0)
        #expect(RougeL.fMeasure("a b c", "A, b; C") == 1)
    }

    @Test("the bit-parallel length is that of the table, across blocks", arguments: [UInt64(1), 2, 3, 4])
    func subsequence(seed: UInt64) {
        var random = RandomStream(key: seed), sequence = CommonSubsequence()
        for _ in 0..<150 {
            let letters = 1 + random.integer(below: 12)
            func list(_ random: inout RandomStream) -> [UInt32] {
                let count = [0, 1, 5, 63, 64, 65, 128, 129, 200][random.integer(below: 9)]
                return (0..<count).map { _ in UInt32(random.integer(below: letters)) }
            }
            let a = list(&random), b = list(&random)
            var row = [Int](repeating: 0, count: b.count + 1)
            for x in a {
                var diagonal = 0
                for (j, y) in b.enumerated() {
                    let above = row[j + 1]
                    row[j + 1] = x == y ? diagonal + 1 : max(above, row[j])
                    diagonal = above
                }
            }
            #expect(sequence.length(a, b) == row[b.count], "seed \(seed): \(a.count) by \(b.count)")
        }
    }

    @Test("two texts of 100 kB are compared within a second or two")
    func worstCase() {
        var random = RandomStream(key: 7)
        func text() -> String { (0..<20_000).map { _ in "w\(random.integer(below: 500))" }.joined(separator: " ") }
        let a = text(), b = text()
        #expect(ContinuousClock().measure { _ = RougeL.fMeasure(a, b) } < .seconds(10))
    }
}

/// Against `rouge-score`, by `Tests/Parity/rouge.py`.
@Suite struct RougeLParityTests {
    private func check(_ text: String) throws -> Int {
        var near = 0
        for line in text.split(separator: "\n") {
            let row = try JSONParser.parse(line.utf8, context: "a case")
            let a = try #require(row["a"]?.string), b = try #require(row["b"]?.string), f = try #require(row["f"]?.real)
            #expect(RougeL.fMeasure(a, b) == f, "\(line)")
            var duplicates = NearDuplicates()
            duplicates.keep(a)
            let match = duplicates.match(b)
            #expect(match.map(\.score) == (f >= 0.7 ? f : nil), "\(line)")
            near += f >= 0.7 ? 1 : 0
        }
        return near
    }

    @Test("the golden pairs have the scores of rouge-score to the bit, and the same decisions at .7")
    func golden() throws { #expect(try check(RougeLGolden.pairs) > 10) }

    private static let file = ProcessInfo.processInfo.environment["ROUGE_CASES"]

    @Test("the pairs of a file that rouge.py made", .enabled(if: file != nil))
    func made() throws {
        #expect(try check(String(contentsOfFile: #require(Self.file), encoding: .utf8)) > 0)
    }
}

import Foundation
import LocalLM
import Testing

@testable import SelfImprove

@Suite struct RepetitionTests {
    private static func times(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test(
        "loops are found in every script, with and without spaces",
        arguments: [
            times("a", 24), times("ha", 40), times("yes ", 16), times("no\n", 30), times("The cat sat on the mat. ", 8),
            times("我不知道。", 12), times("わかりません", 10), times("ไม่รู้", 10), times("😂", 30), times("0 ", 200),
            "Here is the list:\n" + times("- item\n", 40), times("let x = 1;\n", 40),
            "A good beginning that says something of its own. " + times("and then we went on ", 20),
        ]
    ) func loops(text: String) { #expect(Repetition.isExcessive(text), "\(Repetition(text))") }

    @Test(
        "short answers, numbers, tables, names and keys are kept",
        arguments: [
            "yes", "42", "", "no no no", "aaaaaaah!", "Ha ha ha ha ha!", "Very, very, very good.", "0 0 0 0 0 0 0 0",
            "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798",
            "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
            "她说：“我不知道。”他也说：“我不知道。”然后他们一起走回家，路上谁也没有再说话。",
            times("-", 200), times("│ ", 60), times(" \n", 500),
        ]
    ) func kept(text: String) { #expect(!Repetition.isExcessive(text), "\(Repetition(text))") }

    @Test("lists of numbers, tables and keys are kept")
    func numbers() {
        func lines(_ range: ClosedRange<Int>, _ separator: String, _ line: (Int) -> String) -> String {
            range.map(line).joined(separator: separator)
        }
        let texts: [String] = [
            lines(1...200, ", ") { "\($0)" },
            lines(0...63, " ") { "\($0 % 2)" },
            lines(1...8, "\n") { _ in "0 0 0 0 0 0 0 0" },
            lines(1...144, "\n") { "\($0 / 12) x \($0 % 12) = \($0 / 12 * ($0 % 12))" },
            lines(1...30, "\n") { "| Name \($0) | \($0 * 7) | \($0 * 13) |" },
            "0x" + lines(0...400, "") { String(RandomKey.mix(UInt64($0)) & 15, radix: 16) },
        ]
        for text in texts { #expect(!Repetition.isExcessive(text), "\(Repetition(text)): \(text.prefix(40))") }
    }

    @Test("code with repeated indentation and repeated forms is kept")
    func code() {
        let code = (0..<20).map { index in
            """
                    if value == \(index) {
                        return names[\(index)]
                    }
                    assert(check(\(index * 3)), "case \(index)")
            """
        }.joined(separator: "\n")
        #expect(!Repetition.isExcessive(code), "\(Repetition(code))")
    }

    @Test("a song with a chorus is kept")
    func chorus() {
        let chorus = "And we all sing along in the morning sun, hand in hand until the day is done.\n"
        let verses = [
            "The river carries stories from the mountains to the sea, and every stone remembers what it used to be.\n",
            "My father built a wooden boat when he was seventeen, he painted it with colours that nobody had seen.\n",
            "The winters here are colder than the letters that you wrote, I keep them all together in the pocket of my coat.\n",
        ]
        let song = verses.map { $0 + chorus }.joined()
        #expect(!Repetition.isExcessive(song), "\(Repetition(song))")
    }

    @Test("the share by hand: of 13 shingles of 24 letters 12 stood before")
    func byHand() {
        #expect(
            Repetition(Self.times("a", 24))
                == { () -> Repetition in
                    var expected = Repetition("")
                    (expected.shingles, expected.repeated) = (13, 12)
                    return expected
                }()
        )
        // w1 … w5 twice, 4 words of 3 letters each: 7 shingles, of which the last 2 repeat.
        let text = "one two six ten red one two six ten red"
        #expect(Repetition(text).shingles == 7 && Repetition(text).repeated == 2)
    }

    @Test("random words are never excessive, and twice as long a loop never less", arguments: [UInt64(1), 2, 3])
    func random(seed: UInt64) {
        var random = RandomStream(key: seed)
        for _ in 0..<50 {
            let words = (0..<200).map { _ in "w\(random.integer(below: 400))" }
            #expect(!Repetition.isExcessive(words.joined(separator: " ")), "seed \(seed)")
            let loop = words.prefix(1 + random.integer(below: 8)).joined(separator: " ") + " "
            #expect(Repetition(Self.times(loop, 40)).share >= Repetition(Self.times(loop, 20)).share, "seed \(seed)")
            #expect(Repetition.isExcessive(Self.times(loop, 40)), "seed \(seed): \(loop)")
        }
    }

    @Test("a megabyte takes linear time")
    func worstCases() {
        for text in [
            Self.times("a", 1_000_000), Self.times("a ", 500_000), Self.times("漢", 350_000),
            (0..<150_000).map { "w\($0)" }.joined(separator: " "), "a" + Self.times("\u{301}", 500_000),
        ] {
            #expect(
                ContinuousClock().measure { _ = Repetition(text) } < .seconds(15),
                "\(text.prefix(4).utf8.prefix(8))"
            )
        }
    }
}

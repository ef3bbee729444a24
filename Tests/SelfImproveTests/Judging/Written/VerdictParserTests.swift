import LocalLM
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct VerdictParserTests {
    @Test(arguments: [
        ("[[A]]", Verdict.first), ("Both are fine.\n\n[[B]]", .second), ("**[[C]]**", .tie), ("[[ a ]]", .first),
        ("[[**B**]].", .second), ("\\[\\[C\\]\\]", .tie), ("［［Ａ］］", .first), ("【【b】】", .second),
        ("[ [A] ]", .first),
        ("[[[A]]]", .first), ("[x [[B]]", .second), ("[[\"C\"]]", .tie), ("so [[A]]. Verdict: [[A]]", .first),
        ("<think>[[A]] or [[B]]?</think>[[B]]", .second), ("[A] is bad, [[B", .unparsable), ("", .unparsable),
        ("[[A]] but also [[B]]", .unparsable), ("[[D]]", .unparsable), ("[[AB]]", .unparsable),
        ("[[A/B]]", .unparsable), ("[[]]", .unparsable), ("[[A]", .unparsable), ("[A]]", .unparsable),
        ("<think>surely [[A]]", .unparsable), (" <think>no</think> none", .unparsable), ("A", .unparsable),
        ("the tag <think> is not how it begins [[A]]", .first),
    ])
    func aVerdictIsTheOneMarkOfTheText(text: String, verdict: Verdict) {
        let reading = VerdictParser.parse(text)
        #expect(reading.value ?? .unparsable == verdict)
        if verdict == .unparsable { #expect(reading == .unparsable(raw: text), "kept as it was written") }
    }

    @Test func whatCannotBeReadIsKeptButBounded() {
        let text = "start" + String(repeating: "é", count: 100_000) + "end"
        guard case .unparsable(let raw) = VerdictParser.parse(text) else {
            Issue.record("nothing to read there")
            return
        }
        #expect(raw.utf8.count < 8_300 && raw.hasPrefix("start") && raw.hasSuffix("end"))
        #expect(raw.contains("bytes left out") && !raw.contains("\u{FFFD}"), "cut between characters")
    }

    @Test func everyTextIsReadToItsEndOrKept() {
        let seed: UInt64 = 1906
        let pieces = [
            "[", "]", "[[", "]]", "A", "b", "C", "[[A]]", "[[B]]", "*", "\\", " ", "\n", "<think>", "</think>", "［",
            "】",
            "e\u{301}", "\u{0}", "\u{202E}", "👩‍👩‍👧", "word", "<", "\r\n",
        ]
        var random = RandomStream(key: seed)
        var read = 0
        for trial in 0..<Fuzzing.count(20_000) {
            let text = (0..<random.integer(below: 24)).map { _ in pieces[random.integer(below: pieces.count)] }.joined()
            switch VerdictParser.parse(text) {
            case .understood: read += 1
            case .unparsable(let raw): #expect(raw == text, "seed \(seed), trial \(trial)")
            }
            // Adding a mark to what has none is a verdict, whatever stands around it, unless thoughts swallow it.
            if case .unparsable = VerdictParser.parse(text + "</think>[[C]]") {
                Issue.record("seed \(seed), trial \(trial): \(text)")
            }
        }
        #expect(read > 1_000)
    }

    /// Brackets that never close, and tags that never end: each scalar is looked at once.
    @Test(.timeLimit(.minutes(1)), arguments: ["[", "[[", "[[A]", "<", "<think", "[ ", "\u{301}", "[[A]]"])
    func longTextsTakeLinearTime(piece: String) {
        let text = String(repeating: piece, count: 300_000 / piece.utf8.count)
        #expect((VerdictParser.parse(text).value != nil) == (piece == "[[A]]"))
    }
}

import LocalLM
import Testing

@testable import SelfImprove

@Suite struct NormalizedWordsTests {
    @Test(
        "dress makes no difference",
        arguments: [
            ("What's  the Capital, of\nPERU?", "whats the capital of peru"),
            ("Don\u{2019}t / don`t (dont)", "dont dont dont"),
            ("Gro\u{308}\u{DF}e GR\u{D6}SSE", "grösse grösse"), ("\u{39F}\u{394}\u{39F}\u{3A3} οδος", "οδοσ οδοσ"),
            ("\u{FF21}\u{FF22} \u{FB01}nal co\u{AD}operate", "ab final cooperate"), ("well-known", "well known"),
            ("中文，字", "中 文 字"), ("Pythonで", "python で"), ("?! …", ""), ("", ""),
        ]
    ) func dress(text: String, words: String) { #expect(NormalizedWords.of(text).joined(separator: " ") == words) }

    @Test(
        "signs that change a sum are words; the same signs in prose are not",
        arguments: [
            ("12 + 5", "12 + 5"), ("12-5", "12 - 5"), ("12 \u{2212} 5", "12 - 5"), ("3*4, 3/4", "3 * 4 3 / 4"),
            ("x^2 = y", "x ^ 2 = y"), ("and/or", "and or"), ("he \u{2014} she", "he she"), ("C++", "c + +"),
            ("| a | ~b", "a b"), ("**bold**", "bold"),
        ]
    ) func signs(text: String, words: String) { #expect(NormalizedWords.of(text).joined(separator: " ") == words) }

    @Test("a megabyte of combining marks, of signs or of one word takes linear time")
    func worstCases() {
        let texts = [
            "a" + String(repeating: "\u{301}\u{316}", count: 250_000), String(repeating: "- ", count: 500_000),
            String(repeating: "ä", count: 500_000), String(repeating: "漢", count: 300_000),
        ]
        for text in texts {
            let time = ContinuousClock().measure { _ = NormalizedWords.of(text) }
            #expect(time < .seconds(10), "\(text.unicodeScalars.prefix(2))")
        }
    }
}

import Foundation
import LocalLM
import Testing

@testable import SelfImprove

@Suite struct LinearPatternTests {
    private func last(_ pattern: String, _ text: String) throws -> String? {
        try LinearPattern(pattern).lastCapture(in: Array(text.unicodeScalars))
    }

    @Test(arguments: [
        ("a", "bab", "a"), ("a+", "aa b aaa", "aaa"), ("a+?", "aaa", "a"), ("(a|ab)(c|bcd)?", "abcd", "a"),
        ("x*", "ab", ""),
        ("[a-c]+", "xxabcxx", "abc"), ("[^a-c]+", "abxyc", "xy"), (#"[\d.]+"#, "v 1.5", "1.5"),
        ("[]a]+", "x]a]", "]a]"),
        ("[a-]+", "x-a", "-a"), (#"\d{2,3}"#, "12345", "45"), ("a{2}", "aaaa", "aa"), ("a{0}b", "ab", "b"),
        ("a{,2}", "a{,2}", "a{,2}"),
        ("^a", "a\na", "a"), ("(?m)^a.$", "ab\nac", "ac"), (#"\bin\b"#, "inn in", "in"), ("(?s)a.b", "a\nb", "a\nb"),
        ("a.b", "a\nb", nil),
        ("(?i)STRASSE|ÄPFEL", "äpfel", "äpfel"), ("(?:a)(b)", "ab", "b"), ("(?<n>a)|(b)", "ab", "b"), ("a|", "b", ""),
        (#"\$(\d+)"#, "$5 $6", "6"),
        (#"#### (\-?[0-9\.\,]+)"#, "so\n#### 1,234", "1,234"), (#"(-?[$0-9.,]{2,})|(-?[0-9]+)"#, "it is 7", "7"),
        ("(a)?b", "b", nil),
        (#"\w+"#, "naïve_1", "naïve_1"), ("(?:){1000}b", "b", "b"), ("a$", "a\n", "a"),
        (#"a\z"#, "a\n", nil),
    ]) func patternsMatchAsInPerl(pattern: String, text: String, capture: String?) throws {
        #expect(try last(pattern, text) == capture)
    }

    @Test(arguments: [
        ("(", "a ( that is never closed, at character 2"), (")", "a ) without its ( at character 1"),
        ("*a", "a quantifier of nothing before it, ending at character 2"),
        ("a**", "a quantifier after a quantifier at character 3"),
        ("a++", "a possessive quantifier, which this engine does not have, at character 3"),
        ("[a", "a [ that is never closed, at character 3"),
        ("[z-a]", "a range that ends before it begins, ending at character 5"),
        (#"(a)\1"#, "a back reference, which this engine does not have, at character 5"),
        (
            "(?=a)",
            "a look ahead or behind, which this engine does not have; capture what is wanted in a group, at character 4"
        ),
        (#"\p{L}"#, "the unknown escape \\p at character 2"),
        ("a{2000}", "more than 1000 repetitions, ending at character 8"),
        ("a{3,2}", "a repetition that ends before it begins, ending at character 7"),
        ("a(?i)b", "an unknown kind of group; flags stand at the very beginning, at character 4"),
        (#"a\"#, "a backslash with nothing after it, at character 3"), ("(?x)a", nil),
        ("((a{100}){100}){100}", "repeats too much: it would be written out, ending at character 1"),
        (String(repeating: "(", count: 60), nil), (String(repeating: "a", count: 2000), nil),
        (String(repeating: "()", count: 30), nil),
    ]) func whatIsNoPatternIsSaidWithItsPlace(pattern: String, message: String?) {
        let fault = #expect(throws: LinearPattern.Fault.self) { try LinearPattern(pattern) }
        if let message { #expect(fault?.description == message) }
    }

    /// Foundation's engine, which tries one alternative after the other, finds the same.
    @Test func randomPatternsMatchAsFoundationsDo() throws {
        var random = RandomStream(key: 7), matched = 0
        func pattern(_ depth: Int) -> String {
            switch random.integer(below: depth > 3 ? 3 : 9) {
            case 0: return ["a", "b", "c", ".", "[ab]", "[^a]"][random.integer(below: 6)]
            case 1: return "a"
            case 2: return ["^", "$", "\\b"][random.integer(below: 3)]
            case 3: return pattern(depth + 1) + pattern(depth + 1)
            case 4: return "(?:\(pattern(depth + 1))|\(pattern(depth + 1)))"
            case 5: return "(\(pattern(depth + 1)))"
            default:
                return "(?:a|\(pattern(depth + 1))b)"
                    + ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{1,}?"][random.integer(below: 9)]
            }
        }
        for _ in 0..<3000 {
            let text = pattern(0),
                subject = String((0..<random.integer(below: 12)).map { _ in "abc\n".randomElement(using: &random) })
            let own = try LinearPattern(text), foundation = try NSRegularExpression(pattern: text)
            let match = foundation.matches(in: subject, range: NSRange(subject.startIndex..., in: subject)).last
            let expected = match.flatMap { match -> String? in
                let groups = match.numberOfRanges == 1 ? [0] : Array(1..<match.numberOfRanges)
                return groups.lazy.compactMap { Range(match.range(at: $0), in: subject) }.first.map {
                    String(subject[$0])
                }
            }
            let found = own.lastCapture(in: Array(subject.unicodeScalars))
            #expect(found == expected, "\(text) in \(subject.debugDescription)")
            matched += found == nil ? 0 : 1
        }
        #expect(matched > 1000, "\(matched) of 3000 match")
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: ["(a+)+$", "(a|aa)*b", "(.*)*(.*)*(.*)*=", "(a?){300}a{300}", ".*x|a"]
    )
    func whatKeepsOthersBusyForYearsEnds(pattern: String) throws {
        let text = [Unicode.Scalar](repeating: "a", count: AnswerExtraction.mostScalars)
        let clock = ContinuousClock(), pattern = try LinearPattern(pattern)
        let time = clock.measure { _ = pattern.lastCapture(in: text) }
        #expect(time < .seconds(20), "\(time)")
    }
}

extension String {
    fileprivate func randomElement(using random: inout RandomStream) -> Character {
        self[index(startIndex, offsetBy: random.integer(below: count))]
    }
}

import Testing

@testable import SelfImprove

@Suite struct AnswerExtractionTests {
    private func said(_ text: String, _ rule: AnswerRule) throws -> String? {
        try AnswerExtraction(rule).statement(of: text)?.text
    }

    private func agree(_ a: String, _ b: String, _ rule: AnswerRule) throws -> Bool {
        try AnswerExtraction(rule).agree(a, b)
    }

    @Test func wholeTextsAgreeWhereTheyAreTheSame() throws {
        #expect(AnswerExtraction.whole.agree("a ", "a ") && !AnswerExtraction.whole.agree("a", "a "))
        #expect(AnswerExtraction.whole.agree("", ""), "as it always was")
        #expect(AnswerExtraction.whole.statement(of: " a ")?.text == " a ")
    }

    @Test func whatIsNormalisedMakesNoDifference() throws {
        let folded = AnswerRule(normalise: [.letterCase]), spaced = AnswerRule(normalise: [.spaces])
        let bare = AnswerRule(normalise: [.punctuation]),
            all = AnswerRule(normalise: [.letterCase, .spaces, .punctuation])
        #expect(try agree("Paris", "PARIS", folded) && !agree("Paris", "Paris.", folded))
        #expect(try agree(" New\n York ", "New York", spaced) && !agree("new york", "New York", spaced))
        #expect(try agree("“Paris”.", "Paris", bare) && !agree("Paris ", "Paris", bare))
        #expect(try agree("  the ANSWER, is: Paris!", "The answer is Paris", all))
        #expect(try AnswerExtraction(bare).statement(of: "...") == nil, "nothing is left to compare")
    }

    @Test(arguments: [
        ("The answer is 42.", "42"), ("1,234.50 dollars", "1234.5"), ("1,234,567", "1234567"),
        ("first 1, then 23", "23"),
        ("1,23", "23"), ("from 12,345,67 on", "67"), ("it costs -$5.00", "-5"), ("a minus \u{2212}3", "-3"),
        ("3-5", "5"), ("(3)-5", "5"),
        ("007", "7"), ("-0.0", "0"), (".5", "0.5"), ("5.", "5"), ("3 apples, H2O and v1.2", "3"),
        ("version 1.2.3", nil),
        ("7 at 10.0.0.1", "7"), ("2e3", "2000"), ("6 e", "6"), ("5km", "5"), ("1.50e-2", "0.015"), ("no number", nil),
        ("", nil),
        ("٣", nil), ("100000000000000000000000000000", "100000000000000000000000000000"),
        ("1e999999999999", "1e1000000000"),
        ("0.1", "0.1"), ("10.10", "10.1"), ("1e-50", "1e-50"), ("2024-05-06", "6"), ("x=5", "5"), ("5,", "5"),
    ]) func theLastNumberIsReadAsANumber(text: String, number: String?) throws {
        #expect(try said(text, AnswerRule(extract: .lastNumber)) == number)
    }

    @Test(arguments: [
        ("yes", "yes"), ("Yes, it is.", "yes"), ("No... well, YES!", "yes"), ("Not yes but no", "no"),
        ("yesterday", nil),
        ("I know", nil), ("", nil), ("maybe", nil), ("no\nyes\nno_", "yes"),
    ]) func theLastChoiceThatIsAWordOfItsOwnIsTaken(text: String, choice: String?) throws {
        #expect(try said(text, AnswerRule(extract: .choice, choices: ["yes", "no"])) == choice)
    }

    @Test func choicesInJustTheirLettersComeFirstAndTheLongerOneWins() throws {
        let letters = AnswerRule(extract: .choice, choices: ["A", "B", "C"])
        #expect(try said("B is a good answer", letters) == "B", "the article is none")
        #expect(try said("(c)", letters) == "C")
        let cities = AnswerRule(extract: .choice, choices: ["York", "New York", "New York City", "C++"])
        #expect(try said("I live in new york", cities) == "New York")
        #expect(try said("New York City it is", cities) == "New York City")
        #expect(try said("I write C++.", cities) == "C++")
    }

    @Test func theFirstJSONIsComparedWithoutTheOrderOfItsKeys() throws {
        let rule = AnswerRule(extract: .json)
        #expect(try agree("```json\n{\"name\": \"Tom\", \"age\": 34}\n```", "{\"age\":34.0,\"name\":\"Tom\"}", rule))
        #expect(try !agree("{\"a\":[1,2]}", "{\"a\":[2,1]}", rule), "lists have an order")
        #expect(try said("see [note] and [1, {\"b\": 1e2, \"a\": \"}\"}] {}", rule) == #"[1, {"a": "}", "b": 100}]"#)
        for wrong in [
            "", "34", "{\"a\": 1", "{'a': 1}", "{\"a\": 1, \"a\": 2}", "[1, 2", String(repeating: "[", count: 40_000),
        ] {
            #expect(try said(wrong, rule) == nil, "\(wrong.prefix(20))")
        }
        let folded = AnswerRule(extract: .json, normalise: [.letterCase, .punctuation])
        #expect(try agree("{\"name\": \"TOM.\"}", "{\"name\": \"Tom\"}", folded))
        #expect(try !agree("{\"Name\": \"Tom\"}", "{\"name\": \"Tom\"}", folded), "keys are keys")
    }

    @Test func aPatternTakesTheFirstGroupOfItsLastMatch() throws {
        let rule = AnswerRule(extract: .regex, pattern: #"(?i)answer:? *(\w+)"#, normalise: [.letterCase])
        #expect(try said("Answer: one. No, the answer is", rule) == "is")
        #expect(try agree("ANSWER: Yes", "answer yes!", rule))
        #expect(try said("nothing", rule) == nil)
        #expect(try AnswerExtraction(rule).statement(ofGold: "Yes")?.key == "yes", "gold need not match")
        #expect(try AnswerExtraction(AnswerRule(extract: .lastNumber)).statement(ofGold: "Yes") == nil)
        #expect(
            try said("a ( ) b", AnswerRule(extract: .regex, pattern: #"\((.*)\)"#)) == nil,
            "an empty answer is none"
        )
    }

    @Test func whatSaysNothingAgreesWithNothing() throws {
        #expect(try !agree("none", "none", AnswerRule(extract: .lastNumber)))
    }

    /// Model output that is made to keep an extraction busy.
    @Test(.timeLimit(.minutes(1)), arguments: AnswerRule.Extract.allCases) func hostileTextsEndSoon(
        extract: AnswerRule.Extract
    ) throws {
        let rule = AnswerRule(
            extract: extract,
            pattern: extract == .regex ? "((a*)*|(a|aa)+|.*)*x(1)" : nil,
            choices: extract == .choice ? ["aaaaaaab", "b"] : [],
            normalise: AnswerRule.Normalisation.allCases
        )
        for piece in ["a", "[", "[1,", "{\"a\":", "[\"", "1,111", "1.", "-", "\u{301}", "e1", "\\"] {
            _ = try AnswerExtraction(rule).statement(of: String(repeating: piece, count: 200_000))
        }
    }

    @Test func theRuleOfATaskComesBeforeTheGeneralOne() throws {
        let comparison = try AnswerComparison(
            .init(rule: AnswerRule(), tasks: ["add": AnswerRule(extract: .lastNumber)])
        )
        #expect(comparison["add"].agree("so 4", "4.0") && !comparison["other"].agree("so 4", "4.0"))
        #expect(!comparison.isWhole && AnswerComparison.whole.isWhole)
        #expect(throws: SelfImproveError.self) {
            try AnswerComparison(.init(rule: AnswerRule(extract: .regex, pattern: "(")))
        }
    }
}

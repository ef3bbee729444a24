import ModelFiles
import Testing

@testable import SelfImprove

@Suite struct ConstraintTests {
    private static func atLeast(_ count: Int) -> Constraint.Bound { .init(.atLeast, count) }
    private static func lessThan(_ count: Int) -> Constraint.Bound { .init(.lessThan, count) }

    @Test(
        "a text meets a constraint when it does to the letter what was asked",
        arguments: [
            (.keywords(["Cat", "dog"]), "a CATALOGUE of dogs", true), (.keywords(["cat", "dog"]), "a cat", false),
            (.keywords(["s"]), "\u{17F}", true), (.keywords(["a.c"]), "abc", true), (.keywords(["c++"]), "C", false),
            (.keywordFrequency("aa", atLeast(2)), "aaaa", true), (.keywordFrequency("aa", atLeast(3)), "aaaa", false),
            (.forbiddenWords(["cat"]), "concatenate", true), (.forbiddenWords(["cat"]), "a Cat!", false),
            (.forbiddenWords(["cat"]), "cat_", true),
            (.letterFrequency("a", lessThan(3)), "Aa", true), (.letterFrequency("!", atLeast(2)), "so!!", true),
            (.sentences(atLeast(2)), "Dr. Smith left. Then it rained.", true),
            (.sentences(atLeast(3)), "Dr. Smith left. Then it rained.", false),
            (.sentences(lessThan(2)), "It cost 3.50 dollars in the U.S. of old", true),
            (.paragraphs(2), "one\n***\ntwo", true), (.paragraphs(2), "***one***two***", true),
            (.paragraphs(2), "one *** *** two", false),
            (.words(atLeast(3)), "don't go", true),
            (.words(lessThan(2)), "\u{939}\u{93F}\u{928}\u{94D}\u{926}\u{940}", true),
            (.firstWord("Second", paragraph: 2, count: 2), "First.\n\n\"second, then", true),
            (.firstWord("second", paragraph: 2, count: 3), "First.\n\nsecond", false),
            (.placeholders(2), "[a] [b", false), (.placeholders(2), "[[a] []", true), (.placeholders(1), "[\n]", false),
            (.postscript("P.S."), "Bye. p. s. more", true), (.postscript("P.P.S"), "P.S. more", false),
            (.bullets(2), "* one\n  - two\n** three", true), (.bullets(1), "*\n\n", true),
            (.bullets(1), "* one\n- two", false),
            (.fixedAnswer, "Well: My answer is no. Sorry", true), (.fixedAnswer, "my answer is no.", false),
            (.highlights(2), "*one* ** ** *two", false), (.highlights(2), "**one**", false),
            (.highlights(2), "*a* *b*", true),
            (.sections("Section", 2), "Section 1 a Section2 b", true), (.sections("Section", 1), "Section I", false),
            (.json, "```json\n{\"a\": [1, NaN]}\n```", true), (.json, "[1,]", false), (.json, "{\"a\": 01}", false),
            (.title, "<<a>>", true), (.title, "<< >>", false), (.title, "<<a\n>>", false),
            (.twoResponses, "a******b", true), (.twoResponses, "a ****** a", false),
            (.twoResponses, "a******b******c", false),
            (.repeatedPrompt("Say Hi "), " say hi\nHi", true), (.repeatedPrompt("Say hi"), "Sure: say hi", false),
            (.ending("Bye."), "See you. BYE.\"", true), (.ending("Bye."), "Bye. Bye", false),
            (.capitalWords(atLeast(2)), "NASA and the U.S. met", true),
            (.capitalWords(atLeast(2)), "I'M", true), (.capitalWords(lessThan(1)), "I", false),
            (.englishCapital, "THE WEATHER IS NICE AND WE WALK IN THE CITY", true), (.englishCapital, "The", false),
            (.englishLowercase, "the weather is nice and we walk in the city", true),
            (.englishLowercase, "das wetter ist sch\u{F6}n und wir gehen in die stadt", false),
            (.noComma, "a\u{FF0C}b", true), (.noComma, "a,b", false),
            (.quotation, " \"a\" ", true), (.quotation, "\"", false),
            (.language("de"), "Das Wetter ist sch\u{F6}n und wir gehen in die Stadt.", true),
            (
                .language("ko"), "\u{C544}\u{CE68}\u{C5D0}\u{B294} \u{B0A0}\u{C528}\u{AC00} \u{C88B}\u{C558}\u{B2E4}.",
                true
            ),
            (.language("fr"), "123 456", true),
        ] as [(Constraint, String, Bool)]
    ) func metToTheLetter(constraint: Constraint, text: String, isMet: Bool) {
        #expect(constraint.isMet(by: text) == isMet)
    }

    @Test("a blank text meets nothing, strictly or loosely", arguments: ["", " ", "\n\u{1C}\n", "\u{A0}\u{3000}"])
    func blank(text: String) {
        for constraint in [Constraint.noComma, .words(.init(.lessThan, 100)), .forbiddenWords(["a"])] {
            #expect(!constraint.isMet(by: text) && !constraint.isLooselyMet(by: text))
        }
    }

    @Test("the loose mark forgives a first line, a last line, both, and asterisks")
    func loose() {
        let quotation = Constraint.quotation
        for text in ["Sure:\n\"a\"", "\"a\"\nBye", "Sure:\n\"a\"\nBye", "*\"a\"*", "**Sure**\n*\"a\"*\nBye"] {
            #expect(!quotation.isMet(by: text) && quotation.isLooselyMet(by: text), "\(text.debugDescription)")
        }
        #expect(!quotation.isLooselyMet(by: "Sure:\n\n\"a\"\nmore\nBye"))
    }

    @Test("rows of IFEval become constraints, nulls left out")
    func rows() throws {
        let row = try JSONParser.parse(
            #"""
            {"instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
             "kwargs": [{}, {"relation": "at least", "num_words": 300.0, "keyword": null}]}
            """#.utf8,
            context: "row"
        )
        #expect(try Constraint.constraints(of: row) == [.noComma, .words(.init(.atLeast, 300))])
        #expect(try Constraint.constraints(of: .object([])) == [])
        #expect(Constraint.identifiers.count == 25)
    }

    @Test(
        "a row that makes no sense is refused with what is wrong in it",
        arguments: [
            (#"["a:b"]"#, "[{}]", "unknown instruction a:b"),
            (
                #"["punctuation:no_comma"]"#, "[]",
                "kwargs must be an array with one object for each of the 1 instructions"
            ),
            (#"["punctuation:no_comma"]"#, "[3]", "its kwargs are the number 3, not an object"),
            (#"["punctuation:no_comma"]"#, #"[{"n": 1}]"#, "it has no parameter n"),
            (#"["keywords:existence"]"#, "[{}]", "keywords:existence: keywords is missing"),
            (#"["keywords:existence"]"#, #"[{"keywords": "a"}]"#, "keywords is a string, not an array"),
            (#"["keywords:existence"]"#, #"[{"keywords": [""]}]"#, "keywords holds an empty string"),
            (
                #"["detectable_format:number_bullet_lists"]"#, #"[{"num_bullets": 0}]"#,
                "num_bullets is 0; it must be from 1"
            ),
            (#"["detectable_format:number_bullet_lists"]"#, #"[{"num_bullets": 1.5}]"#, "not a whole number"),
            (
                #"["length_constraints:number_words"]"#, #"[{"num_words": 3, "relation": "at most"}]"#,
                "relation is 'at most'; it must be 'less than' or 'at least'"
            ),
            (#"["language:response_language"]"#, #"[{"language": "tlh"}]"#, "language is 'tlh'; known are af, ar"),
            (
                #"["length_constraints:nth_paragraph_first_word"]"#,
                #"[{"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}]"#,
                "nth_paragraph is 3; it must be from 1 to 2"
            ),
            (
                #"["keywords:letter_frequency"]"#,
                #"[{"letter": "ab", "let_frequency": 1, "let_relation": "at least"}]"#, "one character"
            ),
        ]
    ) func refused(ids: String, kwargs: String, message: String) throws {
        let row = try JSONParser.parse("{\"instruction_id_list\": \(ids), \"kwargs\": \(kwargs)}".utf8, context: "row")
        let error = #expect(throws: SelfImproveError.self) { try Constraint.constraints(of: row, context: "file:3") }
        #expect(error?.code == .input && error?.context == "file:3")
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
}

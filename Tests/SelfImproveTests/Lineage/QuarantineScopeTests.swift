import TestSupport
import Testing

@testable import SelfImprove

@Suite struct QuarantineScopeTests {
    private func scope(_ name: String, _ changes: [(String, String)] = []) throws -> QuarantineScope {
        try QuarantineScope(of: name, in: ReducedCampaign.configuration(changes))
    }

    @Test("A peer is every participant of its model, and every judge that asks it")
    func peers() throws {
        let panel = "  - kind: written\n    name: panel\n    proposers: [letters, numbers]\n    aggregator: initial"
        let careful = "proposers: [{name: careful, model: letters, system: Think.}, letters, champion]"
        let changes = [
            ("proposers: [letters, numbers, words, champion]", careful), ("confidence: own", "confidence: peers"),
            ("  - kind: likelihood", panel),
        ]
        let letters = try scope("letters", changes)
        #expect(letters.proposers == ["careful", "letters"] && letters.aggregators.isEmpty)
        #expect(letters.scores && letters.judges == ["panel"] && letters.answerJudges == ["agreement"])
        let one = try scope("careful", changes)
        #expect(one.proposers == ["careful"] && !one.scores && one.judges.isEmpty)
        let words = try scope("words", changes)
        #expect(words.aggregators == ["words"] && words.proposers.isEmpty && !words.scores && words.judges.isEmpty)
        #expect(try scope("initial", changes).judges == ["panel"])
        #expect(try scope("agreement", changes).judges == ["agreement"])
        #expect(try scope("numbers").judges == ["likelihood"] && !scope("numbers").scores)
    }

    @Test("Where only the champion proposes, every peer scores")
    func scorers() throws {
        let changes = [
            ("proposers: [letters, numbers, words, champion]", "proposers: [champion]"),
            ("confidence: own", "confidence: peers"),
        ]
        #expect(try scope("numbers", changes).scores)
    }

    @Test(
        "A peer is also every source of prompts for which it writes; quarantines from before there were any can be read"
    )
    func writers() throws {
        let sources = """
            per_round: 48
              sources:
                - {kind: magpie, model: letters}
                - {kind: magpie, name: others, model: numbers}
            """
        let changes = [("per_round: 48", sources)]
        #expect(
            try scope("letters", changes).writers == ["magpie"] && scope("letters", changes).proposers == ["letters"]
        )
        let source = try scope("others", changes)
        #expect(source.writers == ["others"] && source.proposers.isEmpty && source.judges.isEmpty)
        #expect(source.words == "writer of prompts (others)")
        #expect(try JSONText(source).decode(QuarantineScope.self) == source)
        let old =
            #"{"proposers": ["a"], "aggregators": [], "scores": true, "judges": [], "answerJudges": ["agreement"]}"#
        #expect(try JSONText(text: old).decode(QuarantineScope.self).writers.isEmpty)
    }

    @Test("The champion and unknown names are refused with the names that there are")
    func unknown() throws {
        for name in ["champion", "lettres"] {
            #expect {
                try scope(name)
            } throws: {
                "\($0)".contains("there are: agreement, letters, likelihood, numbers, words")
            }
        }
    }
}

import Testing

@testable import SelfImprove

@Suite struct VoteTests {
    private func drafts(_ texts: [String]) -> [Draft] {
        texts.enumerated().map {
            Draft(
                proposer: $0.offset,
                answer: Answer(text: $0.element, tokens: $0.offset, logprob: -1, finishReason: .stop),
                confidence: nil
            )
        }
    }

    private func vote(_ texts: [String], _ rule: AnswerRule = AnswerRule()) throws -> Vote {
        Vote(drafts(texts), try AnswerExtraction(rule))
    }

    @Test func wholeTextsAreCountedAndOfEqualsTheFirstWins() throws {
        let most = try vote(["x", "y", "y"])
        #expect(most.answer == drafts(["x", "y"])[1].answer && most.share == 2.0 / 3)
        #expect(try vote(["x", "y"]).answer?.text == "x")
        #expect(try vote(["x", "Y", "y", "z", "z"]).answer?.text == "z", "as they are, capitals and all")
        #expect(try vote(["", "x", ""]).answer?.text == "")
    }

    @Test func theShortestDraftThatSaysWhatMostSayIsTheTarget() throws {
        let texts = ["It is 5.", "The answer is 4.", "4", "So: 4.0", "none"]
        let vote = try vote(texts, AnswerRule(extract: .lastNumber))
        #expect(vote.answer == drafts(texts)[2].answer)
        #expect(vote.share == 0.6, "those that say nothing count, too")
    }

    @Test func theCanonicalTargetIsWhatWasExtractedAndNoLogprobIsClaimedForIt() throws {
        let rule = AnswerRule(extract: .lastNumber, target: .canonical)
        let answer = try #require(try vote(["So it is 1,000.", "I say 1000.0"], rule).answer)
        #expect(answer.text == "1000" && answer.logprob == nil && answer.tokens == 1)
        #expect(try vote(["7"], rule).answer?.logprob == -1, "the draft itself")
        let folded = AnswerRule(normalise: [.letterCase, .punctuation], target: .canonical)
        #expect(try vote(["Paris.", "paris", "Rome"], folded).answer?.text == "paris", "capitals are kept")
    }

    @Test func whereNobodySaysAnythingThereIsNoAnswer() throws {
        let vote = try vote(["a", "b"], AnswerRule(extract: .lastNumber))
        #expect(vote.answer == nil && vote.share == 0)
    }

    @Test func theShareOfAnyAnswerIsThatOfTheDraftsThatAgree() throws {
        let extraction = try AnswerExtraction(AnswerRule(extract: .choice, choices: ["yes", "no"]))
        let drafts = drafts(["Yes!", "no", "I say yes", "perhaps"])
        #expect(Vote.share(of: "yes", among: drafts, extraction) == 0.5)
        #expect(Vote.share(of: "perhaps", among: drafts, extraction) == 0)
    }
}

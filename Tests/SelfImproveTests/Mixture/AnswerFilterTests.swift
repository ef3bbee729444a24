import LocalLM
import ModelFiles
import Testing

@testable import SelfImprove

@Suite struct AnswerFilterTests {
    private let question = [Message(role: "user", content: "Write a long and careful sentence.")]

    private func reason(
        _ text: String,
        finish: FinishReason = .stop,
        best: String? = nil,
        confidence: Double? = -0.01,
        minimum: Double? = nil,
        agreement: Bool = false,
        minimumShare: Double? = nil,
        share: Double = 1,
        extraction: AnswerExtraction = .whole
    )
        -> AnswerFilter.Reason?
    {
        let filter = AnswerFilter(
            .init(minimumConfidence: minimum, agreement: agreement, minimumShare: minimumShare)
        )
        let draft = Draft(
            proposer: 0,
            answer: Answer(text: best ?? text, tokens: 3, logprob: nil, finishReason: .stop),
            confidence: confidence
        )
        return filter.reason(
            Answer(text: text, tokens: 3, logprob: nil, finishReason: finish),
            to: question,
            best: draft,
            share: share,
            extraction
        )
    }

    @Test func badTargetsAreDroppedEachForItsReason() {
        #expect(reason("A fine sentence.") == nil)
        #expect(reason(" \n") == .empty)
        #expect(reason("A fine sent", finish: .length) == .truncated)
        #expect(reason("You asked: Write a long and careful sentence. Here it is.") == .echo)
        #expect(reason("I'm sorry, but I can't do that.") == .refusal)
        #expect(reason("Based on the provided responses, I would say yes.") == .leak)
        #expect(reason("Response 1 is right.") == .leak && reason("It is a response 100 times as large.") == nil)
    }

    @Test(arguments: [
        "I\u{2019}m sorry, but I can\u{2019}t help with that.", "I'm sorry, I can't do that.", "Sorry, but I can't.",
        "I apologize, but I cannot answer this.", "Unfortunately, I am not able to do so.",
        "I cannot assist with this.",
        "**I can't help** with that request.", "I\u{2018}m unable to provide medical advice.",
        "My apologies! I won't write this.", "As an AI language model, I have no opinion.", "as a Language Model I",
        "Well, as an AI, I do not eat.",
    ]) func refusalsAreKnownInEveryDress(text: String) { #expect(reason(text) == .refusal) }

    @Test(arguments: [
        "I can't swim, so I took the boat.", "She said she was sorry.", "Sorry is a hard word.",
        "I will not go gently.",
        "The letter says: we cannot pay.", "An AI model learns from data.",
    ]) func whatOnlySoundsLikeARefusalIsKept(text: String) { #expect(reason(text) == nil) }

    @Test func confidenceAndAgreementAreAskedForOnlyWhereConfigured() {
        #expect(reason("x", confidence: -0.5) == nil)
        #expect(reason("x", confidence: -0.5, minimum: -0.02) == .confidence)
        #expect(reason("x", confidence: nil, minimum: -0.02) == .confidence, "no confidence is not enough confidence")
        #expect(reason("x", best: "y") == nil)
        #expect(reason("x", best: "y", agreement: true) == .disagreement)
        #expect(reason("x", best: "x", minimum: -0.02, agreement: true) == nil)
    }

    @Test func tooFewDraftsThatSayItAreAReason() {
        #expect(reason("x", share: 0.1) == nil)
        #expect(reason("x", minimumShare: 0.5, share: 0.5) == nil)
        #expect(reason("x", minimumShare: 0.5, share: 0.49) == .share)
    }

    @Test func answersAreComparedByWhatTheySay() throws {
        let numbers = try AnswerExtraction(AnswerRule(extract: .lastNumber))
        #expect(reason("It is 4.", best: "4", agreement: true, extraction: numbers) == nil)
        #expect(reason("It is 4.", best: "5", agreement: true, extraction: numbers) == .disagreement)
        #expect(reason("It is four.", extraction: numbers) == .unparsable)
        #expect(reason("It is 4.", best: "I do not know.", agreement: true, extraction: numbers) == .disagreement)
    }
}

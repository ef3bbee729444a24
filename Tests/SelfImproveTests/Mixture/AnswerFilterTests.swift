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

    private func reason(
        _ text: String,
        to question: String,
        tokens: Int = 3,
        shown: AggregationPrompt? = nil,
        _ filters: CampaignConfiguration.Mixture.Filters
    ) -> AnswerFilter.Reason? {
        let answer = Answer(text: text, tokens: tokens, logprob: nil, finishReason: .stop)
        return AnswerFilter(filters, shown: shown).reason(
            answer,
            to: [Message(role: "user", content: question)],
            best: Draft(proposer: 0, answer: answer, confidence: nil),
            share: 1,
            .whole
        )
    }

    @Test("Repetition, length and language are asked for only where configured") func optional() {
        let loop = String(repeating: "and so we go on and on ", count: 40)
        #expect(reason(loop, to: "Say something.", .init(agreement: false)) == nil)
        #expect(reason(loop, to: "Say something.", .init(agreement: false, repetition: true)) == .repetition)
        #expect(reason("Short.", to: "Say something.", tokens: 9, .init(agreement: false, longest: 9)) == nil)
        #expect(reason("Short.", to: "Say something.", tokens: 10, .init(agreement: false, longest: 9)) == .overLong)
        let question = "What is the best way to keep the flowers in my garden fresh when it is hot in the summer?"
        let german =
            "Am besten ist es, wenn man die Blumen früh am Morgen gießt und nicht dann, wenn die Sonne scheint."
        #expect(reason(german, to: question, .init(agreement: false)) == nil)
        #expect(reason(german, to: question, .init(agreement: false, language: true)) == .language)
    }

    @Test("Refusals are looked for in the languages that are named") func refusalLanguages() {
        let german = "Es tut mir leid, aber dabei kann ich nicht helfen."
        #expect(reason(german, to: "Hilf mir.", .init(agreement: false)) == nil)
        #expect(reason(german, to: "Hilf mir.", .init(agreement: false, refusals: ["en", "de"])) == .refusal)
        let english = "I'm sorry, but I can't do that."
        #expect(reason(english, to: "Help me.", .init(agreement: false, refusals: ["de"])) == nil)
        #expect(reason(english, to: "Help me.", .init(agreement: false, refusals: [])) == nil)
    }

    @Test("Eight words of the prompt that was used are a leak, seven are none") func promptLeak() throws {
        let plain = CampaignConfiguration.Mixture.Filters(agreement: false)
        let own = try AggregationPrompt(
            name: "own.txt",
            words: "Look at the notes of five careful gardeners, and write the one letter.\n---\n\\n* {answer}"
        )
        let eight = "I did look at: THE NOTES of five careful gardeners!",
            seven = "The notes of five careful gardeners, and more."
        #expect(reason(eight, to: "Write.", shown: own, plain) == .leak)
        #expect(reason(seven, to: "Write.", shown: own, plain) == nil)
        #expect(reason(eight, to: "Write.", plain) == nil, "nobody was shown it")
        #expect(reason(eight, to: "Write.", shown: .moa, plain) == nil)
        #expect(
            reason(eight, to: "Look at the notes of five careful gardeners.", shown: own, plain) == nil,
            "it was asked"
        )
        let moa = "As told, I do not simply replicate the given answers but should offer a refined, accurate reply."
        #expect(reason(moa, to: "Write.", shown: .moa, plain) == .leak)
        #expect(reason("Responses from models: 1.", to: "Write.", shown: .moa, plain) == .leak, "as before")
    }
}

import Foundation
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct CampaignPlanTests {
    /// A machine that trains 1,000 tokens a second and decodes 2,000.
    private let basis = PlanningBasis(
        parameters: 1_000_000,
        promptTokens: 14,
        answerTokens: 6,
        sequenceTokens: 20,
        trainingSpeed: 1000,
        decodingSpeed: 2000
    )

    private func plan(_ changes: [(String, String)] = [], contextTokens: Int = 0) throws -> CampaignPlan {
        var basis = basis
        basis.contextTokens = contextTokens
        return try CampaignPlan(
            ReducedCampaign.configuration(changes),
            basis,
            stateBytes: 0,
            now: Date(timeIntervalSince1970: 0)
        )
    }

    private func step(_ name: String, of plan: CampaignPlan) throws -> CampaignPlan.Step {
        try #require(plan.steps.first { $0.name == name })
    }

    @Test func everyStepThatTakesTimeIsInThePlanInItsOrder() throws {
        #expect(
            try plan().steps.map(\.name) == [
                "nursery", "propose", "aggregate", "sft", "sample", "judge", "dpo", "evaluate",
            ]
        )
        #expect(
            try plan([("dpo:\n", "dpo:\n  enabled: false\n")]).steps.map(\.name) == [
                "nursery", "propose", "aggregate", "sft", "evaluate",
            ]
        )
    }

    @Test func answersAreCountedByProposersSamplesAndHeldOutPrompts() throws {
        let plan = try plan()
        #expect(try step("propose", of: plan).answers == 48 * 4)
        #expect(try step("aggregate", of: plan).answers == 48)
        #expect(try step("sample", of: plan).answers == 24 * 5)
        #expect(
            try step("evaluate", of: plan).answers == (48 + 36) * 2 + 36 * 4,
            "two models on both sets, and the mixture on one"
        )
        #expect(try step("sft", of: plan).tokens == 3000)
        #expect(try step("dpo", of: plan).tokens == 24 * 2 * 20 / 3, "a pair for every third instruction")
    }

    @Test func whatTheFilesDoNotHoldCostsNothing() throws {
        let few = PlannedPrompts(pool: PromptPool(prompts: 10, perRound: 48), gate: 4, report: 3)
        let plan = try CampaignPlan(
            ReducedCampaign.configuration(),
            basis,
            prompts: few,
            stateBytes: 0,
            now: Date(timeIntervalSince1970: 0)
        )
        #expect(try step("propose", of: plan).prompts == 10)
        #expect(try step("sample", of: plan).prompts == 10)
        #expect(try step("evaluate", of: plan).answers == (4 + 3) * 2 + 3 * 4)
        #expect(plan.pool?.perRound == 48, "the limit that was asked for")
    }

    @Test func theMixtureMayAnswerAPartOfTheReportSet() throws {
        let part = try plan([("report_prompts: 36", "report_prompts: 36\n  mixture_prompts: 20")])
        #expect(try step("evaluate", of: part).answers == (48 + 36) * 2 + 20 * 4)
        #expect(try part.preparationSeconds < plan().preparationSeconds)
    }

    @Test func samplesOfAProposerAreAnswers() throws {
        let proposers = "proposers: [letters, numbers, words, champion]"
        let plan = try plan([(proposers, "proposers: [letters, {name: more, model: champion, samples: 5}]")])
        #expect(try step("propose", of: plan).answers == 48 * 6)
    }

    /// Two samples of up to 4 tokens in place of 6, and a context of 400 tokens that all prompts share.
    @Test func aContextIsReadOnceAndAProposersOwnLimitCounts() throws {
        let proposers = "proposers: [letters, numbers, words, champion]"
        let changes = [
            (proposers, "proposers: [letters, {name: brief, model: champion, samples: 2, maximum_tokens: 4}]")
        ]
        let step = try step("propose", of: plan(changes, contextTokens: 400))
        #expect(step.tokens == 48 * (6 + 2 * 4))
        #expect(abs(step.seconds - Double(48 * (6 + 2 * 4) + 48 * 14 / 4 + 400 / 4) / 2000) < 1e-9)
    }

    /// A prompt's tokens cost a fourth of decoded ones: 192 answers of 6, 48 prompts of 14.
    @Test func generationCostsItsAnswersAndAFourthOfItsPrompts() throws {
        #expect(try step("propose", of: plan()).seconds == Double(192 * 6 + 48 * 14 / 4) / 2000)
    }

    /// Three models read 24 x 5 samples of 6 tokens, after prompts of 14.
    @Test func judgingIsPriced() throws {
        let judge = try step("judge", of: plan())
        #expect(judge.tokens == 3 * 24 * 5 * 6)
        #expect(judge.seconds == Double(3 * 24 * 5 * 20 / 4) / 2000)
        let alone = try step("judge", of: plan([("  - kind: likelihood\n", "")]))
        #expect(alone.tokens == 0 && alone.seconds == 0, "agreement takes no model")
    }

    @Test func aRoundCostsTheSumOfItsStepsAndThePreparationTheNurserys() throws {
        let plan = try plan()
        let round = plan.steps.dropFirst().reduce(0) { $0 + $1.seconds }
        #expect(abs(plan.roundSeconds - round) < 1e-9)
        #expect(plan.preparationSeconds > plan.steps[0].seconds, "the baseline is evaluated too")
        #expect(plan.bytesPerRound == 2 * 4_000_000 + 48 * 6 * 400)
        #expect(plan.stop.expected.map(\.criterion) == ["rounds"])
    }

    /// Replay adds the rounds before: of three rounds one, on the average.
    @Test func replayedRowsAreTrainedOnUpToTheirLimit() throws {
        let three = [("tokens: 3000", "epochs: 1"), ("rounds: 2", "rounds: 3")]
        #expect(try step("sft", of: plan(three)).tokens == 2 * 48 * 20)
        let limited = [("tokens: 3000", "epochs: 1\n  maximum_replayed_rows: 10"), ("rounds: 2", "rounds: 3")]
        #expect(try step("sft", of: plan(limited)).tokens == (48 + 10) * 20)
    }

    /// 24 prompts of 5 samples: 10 pairs each, in both orders. Criteria are 20 tokens, evaluations 300, verdicts 150,
    /// each at most `maximum_tokens`.
    @Test func judgesThatWriteArePricedInCallsAndTokens() throws {
        let panel =
            "  - kind: written\n    proposers: [letters, numbers]\n    aggregator: words\n    maximum_tokens: 200\n"
        let judges = [("  - kind: likelihood\n  - kind: agreement\n", panel)]
        let judge = try step("judge", of: plan(judges))
        #expect(judge.answers == 24 + 24 * 20 * 3)
        #expect(judge.tokens == 24 * 20 + 24 * 20 * (2 * 200 + 150))
        #expect(judge.seconds > Double(judge.tokens) / 2000)
        let few = try step("judge", of: plan(judges + [("prompts: 24", "prompts: 24\n  pairs: 4")]))
        #expect(few.answers == 24 + 24 * 8 * 3)
        let off = try plan(judges + [("dpo:\n", "dpo:\n  enabled: false\n")])
        #expect(!off.steps.contains { $0.name == "judge" })
    }

    @Test func judgesBehindEndpointsTakeCallsAndNoTimeHere() throws {
        let peers =
            "peers:\n  - {name: far, endpoint: \"http://127.0.0.1:1/v1\", served_model: m}\n"
            + "  - {name: letters, model: nursery/letters}\nprompts:\n  per_round"
        func changes(_ judge: String) -> [(String, String)] {
            [
                ("prompts:\n  per_round", peers), ("[letters, numbers, words, champion]", "[letters, champion]"),
                ("aggregator: words", "aggregator: letters"),
                ("  - kind: likelihood\n  - kind: agreement\n", "  - kind: written\n    aggregator: \(judge)\n"),
            ]
        }
        let far = try plan(changes("far")), near = try plan(changes("letters"))
        let asked = try #require(far.peers.first?.round.calls), unasked = try #require(near.peers.first?.round.calls)
        #expect(asked - unasked == 24 + 24 * 20)
        #expect(try step("judge", of: far).seconds == 0 && step("judge", of: near).seconds > 0)
        #expect(try step("judge", of: far).tokens == step("judge", of: near).tokens)
    }
}

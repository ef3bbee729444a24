@testable import SelfImprove

/// Configurations for tests, in code: the shipped ones are files.
enum TestCampaigns {
    /// The learning campaign of the nursery.
    static func learning(name: String = "test", seed: UInt64 = 1, scale: Double = 1, perRound: Int = 5000, sftTokens: Int = 450_000, evaluation: Int = 1200, rounds: Int = 3)
        -> CampaignConfiguration
    {
        typealias C = CampaignConfiguration
        return C(
            campaign: name, seed: seed, threads: 2, nursery: NurseryConfiguration(kind: .learning, scale: scale, seed: nil), student: "nursery/student",
            peers: ["letters", "numbers", "words"].map { C.Peer(name: $0, model: "nursery/\($0)") },
            prompts: C.Prompts(source: "nursery", perRound: perRound),
            mixture: C.Mixture(
                proposers: ["letters", "numbers", "words", "champion"], layers: 2, aggregator: "words", aggregationPrompt: "nursery", temperature: 0,
                aggregatorTemperature: 0, topP: 1, maximumTokens: 16, confidence: .own,
                filters: C.Mixture.Filters(minimumConfidence: -0.02, agreement: true)),
            sft: C.SFT(
                optimization: optimization(.muon, 8e-3, warmup: 20, batch: 320), epochs: nil, tokens: sftTokens, maximumRows: nil, easyWeight: 0.6,
                hardWeight: 2, replay: 1),
            dpo: C.DPO(
                enabled: true, optimization: optimization(.adamw, 3e-4, warmup: 10, batch: 1024), prompts: perRound / 5, samples: 5, temperature: 0.8,
                beta: 0.1, epochs: 1, minimumMargin: 1, minimumPairs: min(50, perRound / 20), nllWeight: 0),
            judges: [
                C.JudgeConfiguration(kind: .likelihood, models: ["letters", "numbers", "words"]), C.JudgeConfiguration(kind: .agreement, models: []),
            ],
            evaluation: C.Evaluation(gate: "nursery", gatePrompts: evaluation * 2, report: "nursery", reportPrompts: evaluation, maximumTokens: 16),
            gate: C.Gate(enabled: true, confidence: 0.95, resamples: 10_000, sliceMargin: 0.15), stop: StopCriteria(rounds: rounds, patience: 3))
    }

    static func elicitate(_ c: inout CampaignConfiguration) {
        c.nursery?.kind = .elicitation
        c.peers.append(.init(name: "aggregator", model: "nursery/aggregator"))
        c.prompts.perRound = 660
        c.mixture.proposers = ["champion", "letters", "numbers", "words"]
        c.mixture.aggregator = "aggregator"
        c.mixture.temperature = 0.3
        c.mixture.confidence = .peers
        c.mixture.filters = .init(minimumConfidence: nil, agreement: true)
        c.gate.sliceMargin = 0.2
        c.sft = .init(
            optimization: optimization(.adamw, 1e-3, warmup: 10, batch: 1024, final: 0), epochs: 2, tokens: nil, maximumRows: 160, easyWeight: 1, hardWeight: 1,
            replay: 1)
        c.dpo = .init(
            enabled: true, optimization: optimization(.adamw, 1e-3, warmup: 10, batch: 1024, final: 0), prompts: 500, samples: 5, temperature: 0.8, beta: 0.1,
            epochs: 2, minimumMargin: 1, minimumPairs: 50, nllWeight: 0)
    }

    static func optimization(
        _ optimizer: CampaignConfiguration.Optimization.Optimizer, _ rate: Double, warmup: Int, batch: Int, final: Double = 0.03
    ) -> CampaignConfiguration.Optimization {
        CampaignConfiguration.Optimization(
            optimizer: optimizer, learningRate: rate, schedule: .linear, finalFraction: final, warmupSteps: warmup, weightDecay: 0.01,
            maximumGradientNorm: 1, batchTokens: batch)
    }
}

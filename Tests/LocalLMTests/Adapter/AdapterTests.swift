import Foundation
import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

@Suite struct AdapterTests {
    /// B is random, too: a fresh adapter's B is 0, and A then has no gradient.
    private static func adapter(_ settings: LoRASettings, _ c: ModelConfiguration, seed: UInt64 = 3) throws -> Adapter {
        let adapter = try Adapter(settings, for: c, seed: seed)
        var random = RandomStream(key: seed)
        for i in 0..<adapter.buffer.count { adapter.buffer.pointer[i] = Float(0.2 * random.normal()) }
        return adapter
    }

    /// The loss that a shard computes, and the adapter's gradient.
    private static func pass(
        _ weights: Weights,
        _ adapter: Adapter,
        _ rows: [Example],
        dropoutKey: UInt64?,
        memory: ActivationMemory = .keep
    ) -> (
        Double, [Float]
    ) {
        let shard = TransformerShard(
            bank: ProjectionBank(weights),
            rotary: RotaryEmbedding(weights.configuration),
            memory: memory,
            adapter: adapter
        )
        for row in rows { shard.batch.append(row) }
        shard.adapter!.dropoutKey = dropoutKey
        shard.forward()
        let count = shard.batch.targetCount
        for k in 0..<count { shard.lossWeights.pointer[k] = 1 / Float(count) }
        shard.backward()
        return (
            -(0..<count).reduce(0) { $0 + Double(shard.logprobs[$1]) } / Double(count), shard.adapter!.gradients.values
        )
    }

    @Test(arguments: ModelFamily.allCases, [0, 0.3]) func gradientsMatchFiniteDifferences(
        family: ModelFamily,
        dropout: Double
    ) throws {
        let c = TinyModels.configuration(family), weights = TinyModels.weights(c, seed: 5)
        let rows = TinyModels.examples(5, vocabulary: c.vocabularySize, seed: 6, longest: 40)
        let adapter = try Self.adapter(LoRASettings(rank: 3, alpha: 6, dropout: dropout), c)
        let key: UInt64? = dropout > 0 ? 77 : nil
        let (loss, analytic) = Self.pass(weights, adapter, rows, dropoutKey: key)
        if key != nil {
            #expect(Self.pass(weights, adapter, rows, dropoutKey: nil).0 != loss, "dropout drops something")
        }
        #expect(
            Self.pass(weights, adapter, rows, dropoutKey: key, memory: .checkpoint).1 == analytic,
            "the same inputs are dropped when a layer is made again"
        )
        var random = RandomStream(key: 7)
        for tensor in adapter.layout.tensors {
            let direction = (0..<tensor.count).map { _ in Float(random.normal()) }
            let expected = (0..<tensor.count).reduce(0.0) {
                $0 + Double(analytic[tensor.offset + $1]) * Double(direction[$1])
            }
            let h: Float = 2e-3 / Float(tensor.count).squareRoot()
            func shifted(_ sign: Float) -> Double {
                let kept = adapter.buffer.values
                defer { for i in kept.indices { adapter.buffer.pointer[i] = kept[i] } }
                for i in 0..<tensor.count { adapter.buffer.pointer[tensor.offset + i] += sign * h * direction[i] }
                return Self.pass(weights, adapter, rows, dropoutKey: key).0
            }
            let numeric = (shifted(1) - shifted(-1)) / (2 * Double(h))
            #expect(
                abs(numeric - expected) < 0.02 * max(abs(expected), 0.05),
                "\(tensor.name): \(numeric) numerically, \(expected) by the backward pass"
            )
        }
    }

    @Test(arguments: [[LoRASettings.Module.query, .value], [.key, .up], [.output, .gate, .down]], [true, false])
    func mergedEqualsTheAdapter(modules: [LoRASettings.Module], isRankStabilized: Bool) throws {
        let c = TinyModels.configuration(.qwen3), weights = TinyModels.weights(c, seed: 5)
        let rows = TinyModels.examples(4, vocabulary: c.vocabularySize, seed: 6)
        let settings = LoRASettings(rank: 4, alpha: 12, isRankStabilized: isRankStabilized, modules: Set(modules))
        #expect(settings.scale == (isRankStabilized ? 6 : 3))
        let adapter = try Self.adapter(settings, c)
        #expect(adapter.layout.tensors.count == 2 * c.layerCount * modules.count)
        let adapted = Self.pass(weights, adapter, rows, dropoutKey: nil).0
        let scored = try InferenceEngine(weights: adapter.merged(into: weights), threads: 1).logprobs(of: rows).joined()
        let merged = -scored.reduce(0.0) { $0 + Double($1) } / Double(scored.count)
        #expect(abs(merged - adapted) < 1e-4)
        let base = try InferenceEngine(weights: weights, threads: 1).logprobs(of: rows).joined()
        #expect(
            abs(-base.reduce(0.0) { $0 + Double($1) } / Double(base.count) - adapted) > 1e-2,
            "the adapter does something"
        )
    }

    @Test func trainingChangesTheAdapterAndNotTheWeights() throws {
        let c = TinyModels.configuration(), weights = TinyModels.weights(c, seed: 5), before = weights.buffer.values
        let rows = TinyModels.examples(8, vocabulary: c.vocabularySize, seed: 6)
        let adapter = try Adapter(LoRASettings(rank: 4, alpha: 8), for: c, seed: 1)
        let settings = OptimizationSettings(optimizer: .adamW, learningRate: 2e-2, schedule: .constant, totalSteps: 30)
        let trainer = try SFTTrainer(weights: weights, adapter: adapter, settings: settings, threads: 2)
        let losses = try (0..<30).map { _ in try trainer.step(rows).loss }
        let base = try InferenceEngine(weights: weights, threads: 1).logprobs(of: rows).joined()
        #expect(
            abs(losses[0] + base.reduce(0.0) { $0 + Double($1) } / Double(base.count)) < 1e-4,
            "a fresh adapter adds nothing"
        )
        #expect(losses[29] < 0.7 * losses[0])
        #expect(weights.buffer.values == before)
    }

    /// The reference of DPO is the policy as it was given: with its adapter, where that has been trained before.
    @Test func theReferenceOfDPOIsThePolicyAsItWasGiven() throws {
        let c = TinyModels.configuration(), weights = TinyModels.weights(c, seed: 5)
        let rows = TinyModels.examples(6, vocabulary: c.vocabularySize, seed: 6)
        let pairs = stride(from: 0, to: 6, by: 2).map { PreferenceExample(chosen: rows[$0], rejected: rows[$0 + 1]) }
        let settings = OptimizationSettings(optimizer: .adamW, learningRate: 1e-2, schedule: .constant, totalSteps: 9)
        let full = try DPOTrainer(weights: weights.copy(), settings: settings, beta: 0.1, threads: 2).reference(pairs)
        let trained = try DPOTrainer(
            weights: weights,
            adapter: Self.adapter(LoRASettings(rank: 2, alpha: 4), c),
            settings: settings,
            beta: 0.1,
            threads: 2
        )
        let referenced = try trained.reference(pairs)
        #expect(referenced != full)
        // To the bit, however a batch is divided: of one pair, of all of them.
        for batch in [[referenced[0]], [referenced[1], referenced[2]], referenced] {
            let trainer = try DPOTrainer(
                weights: weights,
                adapter: Self.adapter(LoRASettings(rank: 2, alpha: 4), c),
                settings: settings,
                beta: 0.1,
                threads: 2
            )
            #expect(try trainer.step(batch).rewardMargin == 0)
        }
        _ = try trained.step(referenced)
        #expect(try abs(#require(trained.step(referenced).rewardMargin)) > 1e-3, "the first step moved it")
        let fresh = try DPOTrainer(
            weights: weights,
            adapter: Adapter(LoRASettings(rank: 2, alpha: 4, dropout: 0.5), for: c, seed: 1),
            settings: settings,
            beta: 0.1,
            threads: 2
        )
        #expect(try fresh.reference(pairs) == full)
        let first = try fresh.step(full)
        #expect(
            first.rewardMargin == 0 && first.gradientNorm > 0,
            "no dropout in DPO: a fresh adapter starts at the reference"
        )
    }

    @Test func savedAsPEFTItLoadsAgain() throws {
        try withTemporaryDirectory { folder in
            let c = TinyModels.configuration(.gemma2)
            let settings = LoRASettings(
                rank: 5,
                alpha: 2.5,
                dropout: 0.05,
                isRankStabilized: true,
                modules: [.query, .down, .up]
            )
            let adapter = try Self.adapter(settings, c), place = folder.appendingPathComponent("adapter")
            try adapter.save(to: place, base: "some/base")
            let again = try Adapter.load(place, for: c)
            #expect(again.settings == settings)
            #expect(again.buffer.values == adapter.buffer.values)
            #expect { try Adapter.load(place, for: TinyModels.configuration(hidden: 32, layers: 3)) } throws: {
                ($0 as? LocalLMError)?.code == .damaged
            }

            let file = place.appendingPathComponent("adapter_config.json"),
                text = try String(contentsOf: file, encoding: .utf8)
            for (from, to, says) in [
                ("\"LORA\"", "\"IA3\"", "IA3"), ("\"r\": 5", "\"r\": 0", "r is 0"),
                ("\"r\": 5", "\"r\": 6", "has shape"), ("\"none\"", "\"all\"", "bias all"),
                ("\"q_proj\"", "\"lm_head\"", "lm_head"), ("\"q_proj\"", "\"v_proj\"", "v_proj.lora_A"),
                ("\"up_proj\",", "", "up_proj"),
                ("\"fan_in_fan_out\": false", "\"fan_in_fan_out\": true", "fan_in_fan_out"),
                ("\"r\": 5", "\"r\": 5, \"rank_pattern\": {\"q_proj\": 2}", "rank_pattern"),
                ("0.05", "1.5", "dropout of 1.5"),
                ("\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa_niter_4\"", "pissa_niter_4"),
                ("\"init_lora_weights\": true", "\"init_lora_weights\": \"olora\"", "olora"),
                ("\"init_lora_weights\": true", "\"init_lora_weights\": \"of 2027\"", "of 2027"),
                ("\"r\": 5", "\"r\": 5, \"arrow_config\": {\"top_k\": 3}", "arrow_config"),
                ("\"r\": 5", "\"r\": 5, \"alora_invocation_tokens\": [1]", "alora_invocation_tokens"),
                ("\"r\": 5", "\"r\": 5, \"of_2027\": true", "of_2027"),
            ] {
                #expect(text.contains(from), "\(from) in \(text)")
                try text.replacingOccurrences(of: from, with: to).write(to: file, atomically: true, encoding: .utf8)
                #expect("\(to): \(says)") { try Adapter.load(place, for: c) } throws: {
                    "\($0)".contains(says) && $0 is LocalLMError
                }
            }
            // What PEFT 0.21 writes beside, and ways to begin that leave the base alone.
            for start in ["false", "\"gaussian\"", "\"orthogonal\"", "\"eva\"", "null"] {
                let more = """
                    "init_lora_weights": \(start), "arrow_config": null, "rank_pattern": {}, "exclude_modules": [], \
                    "qalora_group_size": 16, "megatron_core": "megatron.core", "peft_version": "0.21.2", \
                    "use_bdlora": null
                    """
                try text.replacingOccurrences(of: "\"init_lora_weights\": true", with: more)
                    .write(to: file, atomically: true, encoding: .utf8)
                #expect(try Adapter.load(place, for: c).settings == settings, "\(start)")
            }
            adapter.buffer.pointer[7] = .nan
            #expect { try adapter.save(to: folder.appendingPathComponent("nan"), base: "b") } throws: {
                "\($0)".contains("1 of its")
            }
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("nan").path))
        }
    }
}

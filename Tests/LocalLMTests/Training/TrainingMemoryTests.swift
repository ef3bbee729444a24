import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

@Suite struct TrainingMemoryTests {
    private static func count(_ a: LayerActivations, sharedWith first: LayerActivations?) -> Int {
        let buffers: [KeyPath<LayerActivations, FloatBuffer>] = [
            \.input, \.normed, \.qkv, \.attended, \.middle, \.middleNormed, \.gateUp, \.activation, \.rstd,
            \.logSumExp, \.middleRstd, \.rawHeads, \.headRstd,
            \.attentionBranch, \.attentionRstd, \.feedForwardBranch, \.feedForwardRstd,
        ]
        return buffers.reduce(0) { sum, buffer in
            let isShared = first.map { $0[keyPath: buffer] === a[keyPath: buffer] } ?? false
            return sum + (isShared ? 0 : a[keyPath: buffer].count)
        }
    }

    @Test(arguments: ModelFamily.allCases, [ActivationMemory.keep, .compact, .checkpoint])
    func activationsAreThoseThatAreReserved(family: ModelFamily, memory: ActivationMemory) {
        let c = TinyModels.configuration(family), tokens = 7
        for isHalf in [false, true] {
            func activations(_ first: LayerActivations?) -> LayerActivations {
                LayerActivations(
                    c,
                    tokens: tokens,
                    probabilities: 0,
                    memory: memory,
                    isHalf: isHalf,
                    first: first
                )
            }
            let first = activations(nil), second = activations(first)
            let floats = LayerActivations.floats(c, memory: memory, isHalf: isHalf)
            #expect(Self.count(first, sharedWith: nil) == tokens * (floats.everyLayer + floats.once))
            #expect(Self.count(second, sharedWith: first) == tokens * floats.everyLayer)
        }
    }

    /// A control group's file cache is not counted as used.
    @Test func freeMemoryIsTheLesserOfMachineAndGroup() {
        let machine = "MemTotal:  9000 kB\nMemAvailable:    4000 kB\n"
        func free(_ limit: String?, _ used: String?, _ uses: String? = nil) -> Int? {
            TrainingMemory.available(machine: machine, limit: limit, used: used, uses: uses)
        }
        #expect(free(nil, nil) == 4_096_000 && free("max\n", "5\n") == 4_096_000)
        #expect(free("3000000\n", "1000000\n") == 2_000_000 && free("3000000", "4000000") == 0)
        #expect(free("3000000", "2900000", "anon 100\ninactive_file 500000\nactive_file 400000\n") == 1_000_000)
        #expect(TrainingMemory.available(machine: nil, limit: nil, used: nil, uses: nil) == nil)
    }

    @Test func adaptersAreCountedWithoutMakingThem() throws {
        let c = TinyModels.configuration(.qwen3)
        for modules: Set<LoRASettings.Module> in [[.query], [.down, .output], Set(LoRASettings.Module.allCases)] {
            let settings = LoRASettings(rank: 3, alpha: 6, modules: modules),
                paths = modules.map { ".\($0.path).weight" }
            let adapted = WeightLayout(c).tensors.filter { tensor in paths.contains { tensor.name.hasSuffix($0) } }
            #expect(adapted.count == modules.count * c.layerCount)
            #expect(
                try AdapterLayout(settings, for: c).count == adapted.reduce(0) { $0 + 3 * ($1.shape[0] + $1.shape[1]) }
            )
        }
    }

    @Test func whatCannotFitIsRefusedWithFigures() throws {
        let c = TinyModels.configuration()
        let plan = try TrainingMemory(c, precision: .fp32, threads: 2, tokens: 100_000, targets: 100_000, longest: 50)
        try plan.check(available: plan.total)
        #expect { try plan.check(available: plan.total - 1) } throws: {
            "\($0)".contains("GB") && "\($0)".contains("activations") && ($0 as? LocalLMError)?.code == .input
        }
        let adapter = try TrainingMemory(
            c,
            adapter: LoRASettings(rank: 2, alpha: 4),
            precision: .fp32,
            threads: 2,
            tokens: 100_000,
            targets: 100_000,
            longest: 50
        )
        #expect(adapter.gradients == 0 && adapter.optimizer == 0 && adapter.adapter > 0 && adapter.total < plan.total)
        #expect((TrainingMemory.available() ?? 0) > 1 << 20)
    }

    /// A large model is timed in two parts, whose layers and vocabulary add up to it.
    @Test func partsOfALargeModelAddUp() {
        var c = TinyModels.configuration(hidden: 64, layers: 30)
        #expect(TrainingForecast.parts(c).map(\.share) == [1])
        c.vocabularySize = 600_000
        let parts = TrainingForecast.parts(c)
        #expect(parts.count == 2 && parts[1].part.vocabularySize == 600_000 && parts[0].part.vocabularySize <= 256)
        #expect(abs(parts.reduce(0) { $0 + $1.share * Double($1.part.layerCount) } - 30) < 1e-9)
    }

    @Test func aForecastIsOfTheWholeModel() throws {
        let c = TinyModels.configuration(hidden: 32, layers: 5)
        let forecast = try TrainingForecast.measure(c, precision: .fp32, threads: 1, batch: 2, length: 10)
        #expect(forecast.parameters == WeightLayout(c).count && forecast.trainedParameters == forecast.parameters)
        #expect(
            forecast.memory
                == (try TrainingMemory(c, precision: .fp32, threads: 1, tokens: 20, targets: 20, longest: 10))
        )
        #expect(forecast.tokensPerSecond > 0 && forecast.fits)
    }
}

import LocalLM
import ModelFiles

/// How each model of a nursery is trained: from which model, on what data, for how long. Measurements: `docs/LAB.md`.
struct NurseryRecipe: Sendable {
    /// One stretch of training.
    struct Stage: Sendable {
        var name: String
        /// Stage whose weights it starts from; nil: random.
        var parent: String?
        var corpus: NurseryCorpus
        var tokens: Int
        var batchTokens: Int
        var learningRate: Double
        /// Where the linear schedule ends; nil: constant.
        var finalFraction: Double?
        var warmupSteps: Int
        /// Whether it runs alone, split over all cores, or on one core beside others.
        var usesAllCores: Bool
        /// Whether the result is a model of the nursery, or only what others start from.
        var isModel: Bool
    }

    var stages: [Stage]

    /// Llama: hidden 128, 3 layers, 4 heads, ffn 384, RoPE theta 1000, tied, context 160.
    static func architecture(vocabulary: Int) -> ModelConfiguration {
        ModelConfiguration(
            hiddenSize: 128,
            intermediateSize: 384,
            layerCount: 3,
            headCount: 4,
            keyValueHeadCount: 4,
            vocabularySize: vocabulary,
            maximumPositions: 160,
            rmsNormEpsilon: 1e-5,
            ropeTheta: 1000,
            tiesEmbeddings: true,
            eosTokenIDs: [Tokenizer.NurseryToken.end.id],
            padTokenID: Tokenizer.NurseryToken.pad.id
        )
    }

    init(_ kind: NurseryConfiguration.Kind, scale: Double, seed: UInt64) {
        switch kind {
        case .learning: stages = Self.learning()
        case .elicitation: stages = Self.elicitation(seed: seed)
        }
        for index in stages.indices {
            stages[index].tokens = max(stages[index].batchTokens, Int(Double(stages[index].tokens) * scale))
            // A short run keeps the shape of its schedule.
            stages[index].warmupSteps = min(
                stages[index].warmupSteps,
                max(1, stages[index].tokens / stages[index].batchTokens / 5)
            )
        }
    }

    // MARK: Learning

    /// No model has seen all twelve skills. The student lacks the eight of letters and numbers; one peer knows the four
    /// of letters, another the four of numbers.
    private static func learning() -> [Stage] {
        let auxiliary: [NurseryCorpus.Part] = [
            .init(skill: .copyWord, weight: 0.6, habit: 0), .init(skill: .copyNumbers, weight: 0.6, habit: 0),
            .init(skill: .copyWords, weight: 0.3, habit: 0), .init(skill: .numberAfter, weight: 0.7, habit: 0),
            .init(skill: .numberBefore, weight: 0.7, habit: 0), .init(skill: .letterAfter, weight: 0.3, habit: 0),
            .init(skill: .firstLetter, weight: 0.4, habit: 0),
        ]
        func stage(_ name: String, _ corpus: NurseryCorpus, tokens: Int, rate: Double) -> Stage {
            Stage(
                name: name,
                parent: "trunk",
                corpus: corpus,
                tokens: tokens,
                batchTokens: 320,
                learningRate: rate,
                finalFraction: 0.03,
                warmupSteps: 30,
                usesAllCores: false,
                isModel: true
            )
        }
        let trunk = Stage(
            name: "trunk",
            parent: nil,
            corpus: NurseryCorpus(parts: clean(.words) + auxiliary),
            tokens: 700_000,
            batchTokens: 320,
            learningRate: 8e-3,
            finalFraction: nil,
            warmupSteps: 100,
            usesAllCores: true,
            isModel: false
        )
        // The words peer is also the aggregator: most of its data are candidates of all skills, usually a right one
        // first.
        return [
            trunk,
            stage(
                "numbers",
                .init(parts: specialist(.numbers, [.add: 1.4, .sub: 1.4, .max: 0.6, .seq: 1.2])),
                tokens: 1_200_000,
                rate: 8e-3
            ),
            stage(
                "letters",
                .init(parts: specialist(.letters, [.reverse: 1, .sort: 1.4, .upper: 0.8, .novowel: 0.9])),
                tokens: 700_000,
                rate: 8e-3
            ),
            stage(
                "words",
                .init(parts: specialist(.words, [:]), aggregation: 0.6, aggregatesEverything: true, rightInFront: 0.85),
                tokens: 700_000,
                rate: 8e-3
            ),
            stage("student", .init(parts: clean(.words)), tokens: 100_000, rate: 5e-3),
        ]
    }

    private static func clean(_ group: NurserySkill.Group) -> [NurseryCorpus.Part] {
        NurserySkill.of(group).map { .init(skill: $0, weight: 1, habit: 0) }
    }

    /// Its own skills clean; the other eight seldom, and mostly with habit errors.
    private static func specialist(
        _ group: NurserySkill.Group,
        _ weights: [NurserySkill: Double],
        others: Double = 0.12
    ) -> [NurseryCorpus.Part] {
        NurserySkill.evaluated.map { skill in
            skill.group == group
                ? .init(skill: skill, weight: weights[skill] ?? 1, habit: 0)
                : .init(skill: skill, weight: others, habit: 0.8)
        }
    }

    // MARK: Elicitation

    /// The trunk knows every skill; a sloppy corpus buries them in the student.
    private static func elicitation(seed: UInt64) -> [Stage] {
        let weights: [NurserySkill: Double] = [.add: 2.5, .sub: 2.5, .seq: 2, .sort: 1.5]
        let all = NurserySkill.evaluated.map { NurseryCorpus.Part(skill: $0, weight: weights[$0] ?? 0.8, habit: 0) }
        func trunk(_ name: String, _ parent: String?, tokens: Int, batch: Int, aggregation: Double) -> Stage {
            Stage(
                name: name,
                parent: parent,
                corpus: .init(parts: all, aggregation: aggregation),
                tokens: tokens,
                batchTokens: batch,
                learningRate: 8e-3,
                finalFraction: nil,
                warmupSteps: parent == nil ? 100 : 20,
                usesAllCores: true,
                isModel: false
            )
        }
        func branch(_ name: String, _ corpus: NurseryCorpus, tokens: Int, batch: Int = 512) -> Stage {
            Stage(
                name: name,
                parent: "trunk",
                corpus: corpus,
                tokens: tokens,
                batchTokens: batch,
                learningRate: 6e-3,
                finalFraction: 0.03,
                warmupSteps: 30,
                usesAllCores: false,
                isModel: true
            )
        }
        func peer(_ group: NurserySkill.Group, tokens: Int) -> Stage {
            branch(group.rawValue, .init(parts: specialist(group, [:], others: 0.25), aggregation: 0.1), tokens: tokens)
        }
        var random = RandomStream(key: RandomKey.derive(seed, "sloppiness"))
        let sloppy = NurserySkill.evaluated.map { skill in
            NurseryCorpus.Part(skill: skill, weight: 1, habit: 0.42 + 0.26 * random.uniform())
        }
        return [
            trunk("seedling", nil, tokens: 1_000_000, batch: 512, aggregation: 0),
            trunk("trunk", "seedling", tokens: 1_500_000, batch: 768, aggregation: 0.2),
            branch("aggregator", .init(parts: all, aggregation: 0.85), tokens: 750_000, batch: 768),
            peer(.numbers, tokens: 600_000),
            peer(.letters, tokens: 400_000),
            peer(.words, tokens: 400_000),
            branch("student", .init(parts: sloppy), tokens: 200_000),
        ]
    }
}

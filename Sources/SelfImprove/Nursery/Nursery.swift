import Foundation
import LocalLM
import ModelFiles

/// Tiny models, trained on the spot from nothing: a student and the peers it can learn from.
///
/// Its corpus holds right answers, for that is how its models come to know anything; a campaign sees only the models.
/// Deterministic: the same kind, scale, seed and number of threads give the same bytes.
public struct Nursery: Sendable {
    public let configuration: NurseryConfiguration
    public let seed: UInt64
    public let threads: Int

    /// - Parameter campaignSeed: used where the configuration names no seed.
    public init(_ configuration: NurseryConfiguration, campaignSeed: UInt64, threads: Int) {
        self.configuration = configuration
        seed = configuration.seed ?? campaignSeed
        self.threads = threads
    }

    /// The model that a campaign of the nursery begins with, unless it names another.
    static let studentName = "student"

    /// What a nursery of this kind holds, the student first.
    public static func modelNames(_ kind: NurseryConfiguration.Kind) -> [String] {
        NurseryRecipe(kind, scale: 1, seed: 0).stages.filter(\.isModel).map(\.name).sorted {
            ($0 != studentName ? 1 : 0, $0) < ($1 != studentName ? 1 : 0, $1)
        }
    }

    /// Digest of everything that decides the bytes of its models: the name under which it is kept.
    public var key: String {
        ContentDigest.sha256(
            "nursery \(configuration.kind.rawValue) scale \(configuration.scale) seed \(seed) threads \(threads) program \(ProgramVersion.current) recipe \(stages)"
        )
    }

    /// Tokens that training it takes: what progress is measured in.
    public var tokens: Int { stages.reduce(0) { $0 + $1.tokens } }

    /// The same with the work of Muon, which orthogonalises every matrix once per step: that costs as much as 240
    /// tokens.
    public var work: Double {
        stages.reduce(0) { $0 + Double($1.tokens) * Self.muonFactor(batchTokens: $1.batchTokens) }
    }

    /// By how much Muon makes a token dearer than AdamW does, for models of the nursery's shape.
    public static func muonFactor(batchTokens: Int) -> Double { 1 + 240 / Double(batchTokens) }

    private var stages: [NurseryRecipe.Stage] {
        NurseryRecipe(configuration.kind, scale: configuration.scale, seed: seed).stages
    }

    /// The shape of every nursery model.
    public static func architecture() throws -> ModelConfiguration {
        NurseryRecipe.architecture(vocabulary: try tokenizer().vocabularySize)
    }

    /// The tokenizer of every nursery model.
    public static func tokenizer() throws -> Tokenizer { try Tokenizer.nursery(words: NurserySkill.vocabulary) }

    /// Trains every stage once its parent is there. Stages that use all cores run alone, the others in parallel on one
    /// core each.
    /// - Parameter checkpoints: where stages are kept, finished ones too, until all of them are finished.
    /// - Returns: a model by name, and what it was trained with.
    func train(checkpoints: TrainingCheckpoints, progress: StepProgress) async throws -> [String: Checkpoint] {
        let tokenizer = try Self.tokenizer()
        let template = ChatTemplate.nursery
        let meter = Meter(total: tokens, progress: progress)
        var trained: [String: Weights] = [:]
        var waiting = stages
        while !waiting.isEmpty {
            let ready = waiting.filter { stage in stage.parent.map { trained[$0] != nil } ?? true }
            precondition(!ready.isEmpty, "a stage of the nursery waits for one that is not there")
            let together = ready.contains(where: \.usesAllCores) ? [ready.first(where: \.usesAllCores)!] : ready
            let finished = try await train(
                together,
                from: trained,
                tokenizer: tokenizer,
                template: template,
                checkpoints,
                meter
            )
            trained.merge(finished) { $1 }
            waiting.removeAll { stage in together.contains { $0.name == stage.name } }
        }
        return Dictionary(
            uniqueKeysWithValues: stages.filter(\.isModel).map {
                ($0.name, Checkpoint(weights: trained[$0.name]!, tokenizer: tokenizer, template: template))
            }
        )
    }

    /// As many stages at once as there are threads, the longest first.
    private func train(
        _ stages: [NurseryRecipe.Stage],
        from trained: [String: Weights],
        tokenizer: Tokenizer,
        template: ChatTemplate,
        _ checkpoints: TrainingCheckpoints,
        _ meter: Meter
    ) async throws -> [String: Weights] {
        try await withThrowingTaskGroup(of: (String, Weights).self) { group in
            var rest = stages.sorted { ($1.tokens, $0.name) < ($0.tokens, $1.name) }[...]
            func startNext() {
                guard let stage = rest.popFirst() else { return }
                let start = stage.parent.map { trained[$0]! }
                group.addTask {
                    (
                        stage.name,
                        try await train(
                            stage,
                            from: start,
                            tokenizer: tokenizer,
                            template: template,
                            checkpoints,
                            meter
                        )
                    )
                }
            }
            for _ in 0..<threads { startNext() }
            var finished: [String: Weights] = [:]
            while let (name, weights) = try await group.next() {
                finished[name] = weights
                startNext()
            }
            return finished
        }
    }

    private func train(
        _ stage: NurseryRecipe.Stage,
        from parent: Weights?,
        tokenizer: Tokenizer,
        template: ChatTemplate,
        _ checkpoints: TrainingCheckpoints,
        _ meter: Meter
    ) async throws -> Weights {
        let training = checkpoints.training(stage.name, identity: [self.key])
        let key = RandomKey.derive(RandomKey.derive(seed, "nursery"), stage.name)
        return try await Computation.run("nursery \(stage.name)") { cancellation in
            let weights =
                parent
                ?? Initialization.nursery(
                    NurseryRecipe.architecture(vocabulary: tokenizer.vocabularySize),
                    seed: RandomKey.derive(key, "weights")
                )
            let checkpoint = Checkpoint(weights: weights, tokenizer: tokenizer, template: template)
            let examples = try stage.corpus.examples(tokens: stage.tokens, tokenizer: checkpoint, seed: key)
            let loop = try TrainingLoop(job(stage, key: key), base: checkpoint, data: .examples(examples))
            var counted = 0
            do {
                return try loop.run(training, cancellation, keepsEnd: true) { log in
                    meter.add(log[counted...].reduce(0) { $0 + $1.tokens }, of: stage.name)
                    counted = log.count
                }.parameters.single()
            } catch let failure as TrainingFailure {
                throw SelfImproveError(.failed, failure.words.message, context: "the nursery's \(stage.name)")
            }
        }
    }

    /// One stage of the recipe: one pass over its corpus.
    private func job(_ stage: NurseryRecipe.Stage, key: UInt64) -> TrainingJob {
        TrainingJob(
            base: stage.parent ?? "nursery weights \(key)",
            dataset: "nursery corpus \(key)",
            method: .sft,
            optimizer: .muon,
            learningRate: stage.learningRate,
            schedule: stage.finalFraction == nil ? .constant : .linear,
            finalFraction: stage.finalFraction ?? 1,
            warmupSteps: stage.warmupSteps,
            weightDecay: 0.01,
            batches: .onePass(tokens: stage.batchTokens),
            tuning: .exact,
            seed: key,
            threads: stage.usesAllCores ? threads : 1
        )
    }

    /// Adds up what several stages report.
    private final class Meter: @unchecked Sendable {  // `done` is touched only under the lock
        private let lock = NSLock()
        private var done = 0
        private let total: Int
        private let progress: StepProgress

        init(total: Int, progress: StepProgress) {
            self.total = total
            self.progress = progress
        }

        func add(_ tokens: Int, of stage: String) {
            lock.lock()
            done += tokens
            let now = done
            lock.unlock()
            progress.report(done: min(now, total), total: total, unit: "tokens", note: stage)
        }
    }
}

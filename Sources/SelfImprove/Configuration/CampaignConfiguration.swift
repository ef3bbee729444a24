import LocalLM

/// One campaign, as its YAML file says it. `CampaignConfiguration+YAML.swift` reads it and reports every fault at once;
/// the resolved value is kept in the lineage as JSON.
public struct CampaignConfiguration: Sendable, Equatable, Codable {
    /// The campaign's name: letters, digits, `-` and `_`.
    public var campaign: String
    public var seed: UInt64
    /// How many shards a batch is split into, each on a core of its own. The bytes of a model depend on it.
    public var threads: Int
    /// What an hour of this machine costs, in any currency; nil: nothing is counted.
    public var pricePerHour: Double?
    /// The tiny models to train on the spot, for campaigns that start from nothing.
    public var nursery: NurseryConfiguration?
    /// The first champion.
    public var student: ModelReference
    public var peers: [Peer]
    public var prompts: Prompts
    public var answers: Answers
    public var mixture: Mixture
    public var sft: SFT
    public var dpo: DPO
    public var judges: [JudgeConfiguration]
    public var evaluation: Evaluation
    public var gate: Gate
    public var models: Models
    public var stop: StopCriteria

    /// A model that helps: proposer, aggregator or judge.
    public struct Peer: Sendable, Equatable, Codable {
        public var name: String
        public var model: ModelReference
        /// How its weights are held, where it is on this machine; nil: as they came.
        public var weights: WeightFormat?

        /// Whether it is behind an endpoint.
        public var isRemote: Bool { if case .endpoint = model { true } else { false } }
    }

    /// Where a round's instructions come from.
    public struct Prompts: Sendable, Equatable, Codable {
        /// The only one, or the first file of `sources`.
        public var source: PromptSource
        public var perRound: Int
        /// Several files and models that write, and how much of a round comes from each; nil: all of it from `source`.
        public var sources: [PromptShare]?
        /// Prompts that share words with a held-out set fall out; nil: only those that are the same.
        public var decontaminate: DecontaminationSettings?
        /// Prompts that are like one drawn before fall out; nil: they stay.
        public var nearDuplicates: NearDuplicateSettings?
        /// What more is drawn of; nil: of nothing.
        public var weightBy: PromptWeighting?
        /// Which turns of a conversation the mixture answers.
        public var turns: PromptTurns
    }

    /// How answers are compared: by votes, judges, filters, row weights and evaluation alike.
    public struct Answers: Sendable, Equatable, Codable {
        /// Of tasks without a rule of their own.
        public var rule = AnswerRule()
        public var tasks: [String: AnswerRule] = [:]
    }

    public struct Mixture: Sendable, Equatable, Codable {
        /// Strongest first. One model may be listed several times (Self-MoA), each with a context of its own.
        public var proposers: [Participant]
        /// Two layers: proposers, then the aggregator. Each further one lets every proposer aggregate the layer before.
        public var layers: Int
        public var aggregator: AggregatorChoice
        /// What words the aggregation: `moa` (the paper's), `nursery`, or a file.
        public var aggregationPrompt: AggregationPrompt
        /// In which order an aggregator sees drafts; nil: the most confident first, where confidence is measured.
        public var order: MixtureSettings.Order?
        /// What becomes of a prompt whose drafts do not fit into the aggregator's context.
        public var tooLong: MixtureSettings.TooLong
        /// Drop a prompt that fewer drafts were written to.
        public var minimumDrafts: Int
        /// Of proposers that set none themselves.
        public var temperature: Double
        /// Of the aggregator; 0 is greedy.
        public var aggregatorTemperature: Double
        public var topP: Double
        public var maximumTokens: Int
        public var confidence: Confidence
        public var filters: Filters

        /// Drafts of one layer to one prompt.
        public var draftsPerPrompt: Int { proposers.reduce(0) { $0 + $1.samples } }

        /// Digests of everything that the proposers' examples ask.
        var exampleQuestions: Set<String> {
            proposers.flatMap(\.context.examples).reduce(into: []) { $0.formUnion($1.questions) }
        }

        public struct Filters: Sendable, Equatable, Codable {
            /// Keep a prompt only if its most confident draft reaches this mean logprob.
            public var minimumConfidence: Double?
            /// Keep a prompt only if the aggregated answer says what the most confident draft says.
            public var agreement: Bool
            /// Keep a prompt only if at least this share of its drafts says what the answer says.
            public var minimumShare: Double?
            /// Drop an answer that repeats itself.
            public var repetition = false
            /// Drop an answer in another language than its question.
            public var language = false
            /// Drop an answer of more tokens.
            public var longest: Int?
            /// Languages (ISO 639-1) whose refusals are dropped.
            public var refusals = Self.standardRefusals

            public static let standardRefusals = ["en"]
        }
    }

    /// Which optimizer, and its schedule.
    public struct Optimization: Sendable, Equatable, Codable {
        public var optimizer: OptimizationSettings.Optimizer
        public var learningRate: Double
        public var schedule: OptimizationSettings.Schedule
        /// Fraction of the learning rate that the schedule ends at.
        public var finalFraction: Double
        public var warmupSteps: Int
        public var weightDecay: Double
        public var maximumGradientNorm: Double
        /// Tokens (prompts included) of one optimizer step.
        public var batchTokens: Int
    }

    public struct SFT: Sendable, Equatable, Codable {
        public var optimization: Optimization
        public var tuning: FineTuningSettings
        /// Passes over the data, or nil where `tokens` rules.
        public var epochs: Double?
        /// Tokens trained on in a round, or nil where `epochs` rules.
        public var tokens: Int?
        /// Use at most this many of the round's kept answers.
        public var maximumRows: Int?
        /// Weight (expected number of appearances per pass) of rows that the champion already answers like the mixture.
        public var easyWeight: Double
        /// Weight of rows where the champion's own answer differs.
        public var hardWeight: Double
        /// Weight of the rows of each earlier round.
        public var replay: Double
        /// Use at most this many rows of all earlier rounds; nil: all, so that data, and with `epochs` time too, grow
        /// with every round.
        public var maximumReplayedRows: Int?
        /// Conversations that the initial model answers, in every round's training set.
        public var general: General?
    }

    /// General conversations: see `GeneralConversations`.
    public struct General: Sendable, Equatable, Codable {
        public var prompts: PromptSource
        /// Of every round's training set.
        public var rows: Int
        /// Prompts that are never trained on, on which new models are measured.
        public var heldOut: Int
        public var temperature: Double
        public var topP: Double
        public var maximumTokens: Int
    }

    public struct DPO: Sendable, Equatable, Codable {
        public var enabled: Bool
        public var optimization: Optimization
        public var tuning: FineTuningSettings
        /// Instructions answered for preference pairs.
        public var prompts: Int
        public var samples: Int
        public var temperature: Double
        public var beta: Double
        public var epochs: Double
        /// Chosen must lead rejected by this much of the judges' Copeland score (0 to judges x (samples - 1)).
        public var minimumMargin: Double
        /// With fewer pairs than this the round goes without DPO.
        public var minimumPairs: Int
        /// Weight of an added NLL term on the chosen answer.
        public var nllWeight: Double
        /// Which pairs of samples the judges compare.
        public var pairs: PairSelection
        /// How far the tiers of the best and the worst samples reach towards each other, 0 to 1.
        public var rho: Double
        public var reference: Reference

        /// Whose logprobs the policy is held against.
        public enum Reference: String, Sendable, Codable, CaseIterable {
            /// The fine-tuned policy of the round, which sampled the answers.
            case round
            /// The campaign's initial model.
            case initial
        }
    }

    public struct JudgeConfiguration: Sendable, Equatable, Codable {
        public enum Kind: String, Sendable, Codable, CaseIterable {
            /// Prefers the answer to which the named models give the higher mean logprob (maximum over them).
            case likelihood
            /// Prefers the answer closer to the mixture's.
            case agreement
            /// Writes evaluations by criteria, and a verdict (the paper's).
            case written
            /// Prefers the answer that meets more of what the prompt asks for.
            case constraint
        }

        /// Who does what in a judge that writes: `initial`, or peers by name.
        public struct Written: Sendable, Equatable, Codable {
            /// Chooses three criteria for a conversation.
            public var criteria: String
            /// Evaluate the two answers in words; none: the aggregator judges alone.
            public var proposers: [String]
            /// Gives the verdict.
            public var aggregator: String
            public var temperature: Double
            /// Of each text that is written.
            public var maximumTokens: Int
            /// Words of a person's own, by part (`JudgePrompts`); nil: this program's.
            public var prompts: [String: JudgeWords]?

            var models: [String] { [criteria] + proposers + [aggregator] }
        }

        public var kind: Kind
        /// Nil: its kind.
        public var name: String?
        /// Of a likelihood judge.
        public var models: [String]
        /// Of a judge that writes.
        public var written: Written?

        public var label: String { name ?? kind.rawValue }
    }

    public struct Evaluation: Sendable, Equatable, Codable {
        /// Prompts with `answer` (and `task`, the slice).
        public var gate: PromptSource
        public var gatePrompts: Int
        /// The second held-out set, that only reports read.
        public var report: PromptSource
        public var reportPrompts: Int
        /// Of the report set, how many the mixture answers as often as there are champions; nil: all.
        public var mixturePrompts: Int?
        public var maximumTokens: Int

        /// Where a held-out set comes from, and at most how many of its prompts are used.
        func source(of set: HeldOutSet) -> (source: PromptSource, count: Int) {
            switch set {
            case .gate: (gate, gatePrompts)
            case .report: (report, reportPrompts)
            }
        }
    }

    public struct Gate: Sendable, Equatable, Codable {
        /// Off: every challenger is promoted (a control, not a way to run).
        public var enabled: Bool
        /// Confidence of the two-sided interval of the primary difference.
        public var confidence: Double
        public var resamples: Int
        /// No slice may be worse than this by its one-sided 95% bound (0.1 = 10 points).
        public var sliceMargin: Double
        /// What promotion and the primary score go by.
        public var marks: EvaluationMarks
    }
}

extension CampaignConfiguration {
    /// How the campaign's models are kept.
    public struct Models: Sendable, Equatable, Codable {
        /// Number format of the files of weights; `auto`: bf16 where the student came in bf16, else fp32.
        public var store: PrecisionChoice
    }
}

/// What the nursery trains before round 1 (see `Nursery/`).
public struct NurseryConfiguration: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable { case learning, elicitation }
    public var kind: Kind
    /// Scales every token budget of the recipe; 1 is the measured one, less is for smoke tests.
    public var scale: Double
    /// Seed of the models; apart from the campaign's, so that campaigns can share a nursery. Nil: the campaign's.
    public var seed: UInt64?
}

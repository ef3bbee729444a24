import LocalLM
import ModelFiles

/// Ranks the samples of a prompt by pairwise verdicts of several judges, each asked in both orders (the paper, section
/// 3.3).
///
/// The paper does not say how verdicts become a ranking. We use Copeland scores: a win is 1, a tie 1/2, summed over
/// judges; the two orders contradicting each other, or a verdict that could not be read, is a tie and is counted. Best
/// and worst become a pair (`MixtureOfJudges+Pair.swift`).
///
/// A prompt's ranking does not depend on the other prompts of the call.
public struct MixtureOfJudges: Sendable {
    /// The samples of one prompt.
    public struct Candidates: Sendable {
        public var messages: [Message]
        public var task: String
        public var samples: [Answer]
        /// The mixture's own answer.
        public var mixture: String
        /// Of the prompt's randomness: which pairs are asked about, and what judges draw.
        public var key: UInt64

        /// Empty and truncated samples may be rejected, never chosen.
        func mayBeChosen(_ sample: Int) -> Bool {
            samples[sample].finishReason == .stop && samples[sample].text.contains { !$0.isWhitespace }
        }

        public init(
            messages: [Message],
            task: String = PromptRow.defaultTask,
            samples: [Answer],
            mixture: String,
            key: UInt64
        ) {
            self.messages = messages
            self.task = task
            self.samples = samples
            self.mixture = mixture
            self.key = key
        }
    }

    /// One judge's word on a pair of samples: `first` is the lower index.
    public struct Decision: Sendable, Equatable {
        public var judge: String
        public var first: Int
        public var second: Int
        /// With `first` shown first.
        public var judgement: Judgement
        /// With `second` shown first; its own verdict is in the terms of that order.
        public var swappedJudgement: Judgement

        public var verdict: Verdict { judgement.verdict }
        /// The verdict of the other order, in the terms of this one: `.first` means that sample `first` was preferred.
        public var swapped: Verdict { swappedJudgement.verdict.swapped }
        /// What both orders say; a tie where they contradict each other or one cannot be read.
        public var agreed: Verdict { verdict == swapped && verdict != .unparsable ? verdict : .tie }
    }

    public struct Pair: Sendable, Equatable {
        public var chosen: Int
        public var rejected: Int
        public var chosenScore: Double
        public var rejectedScore: Double
    }

    public struct Ranking: Sendable {
        public var decisions: [Decision]
        /// Nil: all samples are the same text, or best and worst are too close.
        public var pair: Pair?
    }

    public var judges: [any Judge]
    /// Which pairs of samples the judges are asked about.
    public var pairs: PairSelection
    public var minimumMargin: Double
    /// 0...1: how far the best and the worst tier reach towards each other, in shares of the distance between the best
    /// and the worst score.
    public var rho: Double

    public init(judges: [any Judge], pairs: PairSelection = .all, minimumMargin: Double, rho: Double = 0) {
        precondition(Set(judges.map(\.name)).count == judges.count, "two judges of one name: \(judges.map(\.name))")
        precondition((0...1).contains(rho), "rho \(rho)")
        self.judges = judges
        self.pairs = pairs
        self.minimumMargin = minimumMargin
        self.rho = rho
    }

    /// - Returns: a ranking per prompt, and the tokens the judges used.
    public func rank(_ prompts: [Candidates], progress: StepProgress = StepProgress()) async throws -> (
        rankings: [Ranking], usage: Usage
    ) {
        // Samples that say the same are one contestant: the first of them.
        let contestants = prompts.map { prompt in
            var seen = Set<String>()
            return prompt.samples.indices.filter { seen.insert(prompt.samples[$0].text).inserted }
        }
        var matches: [(prompt: Int, first: Int, second: Int)] = []
        for (p, indices) in contestants.enumerated() {
            let chosen = pairs.pairs(of: indices.count, key: RandomKey.derive(prompts[p].key, "pairs"))
            matches += chosen.map { (p, indices[$0.first], indices[$0.second]) }
        }
        func comparison(_ match: (prompt: Int, first: Int, second: Int), swapped: Bool) -> Comparison {
            let prompt = prompts[match.prompt]
            let a = prompt.samples[match.first].text, b = prompt.samples[match.second].text
            return Comparison(
                messages: prompt.messages,
                task: prompt.task,
                first: swapped ? b : a,
                second: swapped ? a : b,
                mixture: prompt.mixture,
                key: prompt.key
            )
        }
        let comparisons = matches.map { comparison($0, swapped: false) } + matches.map { comparison($0, swapped: true) }
        let meter = CallMeter(total: comparisons.count * judges.count, unit: "verdicts", progress)
        var decisions = [[Decision]](repeating: [], count: prompts.count)
        var usage = Usage()
        for judge in judges where !comparisons.isEmpty {
            let (said, used) = try await judge.judge(comparisons, progress: meter.call(judge.name))
            usage += used
            for (m, match) in matches.enumerated() {
                decisions[match.prompt].append(
                    Decision(
                        judge: judge.name,
                        first: match.first,
                        second: match.second,
                        judgement: said[m],
                        swappedJudgement: said[matches.count + m]
                    )
                )
            }
        }
        let rankings = prompts.indices.map { p in
            Ranking(decisions: decisions[p], pair: pair(contestants[p], prompts[p], decisions[p]))
        }
        return (rankings, usage)
    }
}

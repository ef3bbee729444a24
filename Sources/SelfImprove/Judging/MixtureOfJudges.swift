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
        /// What the prompt asks of an answer's form, where its file says so.
        public var constraints: [Constraint]
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
            constraints: [Constraint] = [],
            key: UInt64
        ) {
            self.messages = messages
            self.task = task
            self.samples = samples
            self.mixture = mixture
            self.constraints = constraints
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
        public var agreed: Verdict { verdict.agreed(with: swapped) }
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
        var rankings: [Ranking] = []
        let usage = try await rank(prompts, progress: progress) { _, ranking in rankings.append(ranking) }
        return (rankings, usage)
    }

    /// Ranks the prompts in portions: what the judges are asked at once is bounded, however many prompts there are.
    /// - Parameters:
    ///   - portion: prompts at a time.
    ///   - take: gets the ranking of each prompt, by the prompt's index, in order.
    /// - Returns: the tokens the judges used.
    public func rank(
        _ prompts: [Candidates],
        portion: Int = Self.portion,
        progress: StepProgress = StepProgress(),
        _ take: (_ prompt: Int, _ ranking: Ranking) throws -> Void
    ) async throws -> Usage {
        precondition(portion > 0, "portions of \(portion) prompts")
        let matches = prompts.map(self.matches)
        let comparisons = 2 * matches.reduce(0) { $0 + $1.pairs.count }
        let meter = CallMeter(total: comparisons * judges.count, unit: "verdicts", progress)
        var usage = Usage()
        for start in stride(from: 0, to: prompts.count, by: portion) {
            let part = start..<min(start + portion, prompts.count)
            let (decisions, used) = try await decide(prompts[part], matches[part], meter)
            usage += used
            for (index, decisions) in zip(part, decisions) {
                let pair = self.pair(matches[index].contestants, prompts[index], decisions)
                try take(index, Ranking(decisions: decisions, pair: pair))
            }
        }
        return usage
    }

    /// Prompts that judges are asked about at once: enough to keep every place of an endpoint busy.
    public static let portion = 64

    /// Who takes part, and who meets whom, by the index of the sample.
    private typealias Matches = (contestants: [Int], pairs: [(first: Int, second: Int)])

    /// Samples that say the same are one contestant: the first of them.
    private func matches(of prompt: Candidates) -> Matches {
        var seen = Set<String>()
        let contestants = prompt.samples.indices.filter { seen.insert(prompt.samples[$0].text).inserted }
        let chosen = pairs.pairs(of: contestants.count, key: RandomKey.derive(prompt.key, "pairs"))
        return (contestants, chosen.map { (contestants[$0.first], contestants[$0.second]) })
    }

    /// What every judge says of the pairs of some prompts, by prompt: one judge after the other.
    private func decide(_ prompts: ArraySlice<Candidates>, _ matches: ArraySlice<Matches>, _ meter: CallMeter)
        async throws -> (decisions: [[Decision]], usage: Usage)
    {
        let all = zip(prompts, matches).enumerated().flatMap { place, item in
            item.1.pairs.map { (place: place, prompt: item.0, first: $0.first, second: $0.second) }
        }
        let comparisons = [false, true].flatMap { swapped in
            all.map { Self.comparison($0.prompt, swapped ? $0.second : $0.first, swapped ? $0.first : $0.second) }
        }
        var decisions = [[Decision]](repeating: [], count: prompts.count)
        var usage = Usage()
        for judge in judges where !comparisons.isEmpty {
            let (said, used) = try await judge.judge(comparisons, progress: meter.call(judge.name))
            usage += used
            for (m, match) in all.enumerated() {
                decisions[match.place].append(
                    Decision(
                        judge: judge.name,
                        first: match.first,
                        second: match.second,
                        judgement: said[m],
                        swappedJudgement: said[all.count + m]
                    )
                )
            }
        }
        return (decisions, usage)
    }

    private static func comparison(_ prompt: Candidates, _ first: Int, _ second: Int) -> Comparison {
        Comparison(
            messages: prompt.messages,
            task: prompt.task,
            first: prompt.samples[first].text,
            second: prompt.samples[second].text,
            mixture: prompt.mixture,
            constraints: prompt.constraints,
            key: prompt.key
        )
    }
}

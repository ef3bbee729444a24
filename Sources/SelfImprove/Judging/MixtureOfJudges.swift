import ModelFiles

/// Ranks the samples of a prompt by pairwise verdicts of several judges, each asked in both orders (the paper, section
/// 3.3).
///
/// The paper does not say how verdicts become a ranking. We use Copeland scores: a win is 1, a tie 1/2, summed over
/// judges; the two orders contradicting each other, or a verdict that could not be read, is a tie and is counted. Best
/// and worst become a pair if the margin is wide enough. Among the best of equal score the shortest is chosen, among
/// the worst the longest is rejected: length must not grow by itself.
public struct MixtureOfJudges: Sendable {
    /// The samples of one prompt.
    public struct Candidates: Sendable {
        public var messages: [Message]
        public var task: String
        public var samples: [Answer]
        /// The mixture's own answer.
        public var mixture: String

        /// Empty and truncated samples may be rejected, never chosen.
        func mayBeChosen(_ sample: Int) -> Bool {
            samples[sample].finishReason == .stop && samples[sample].text.contains { !$0.isWhitespace }
        }

        public init(
            messages: [Message],
            task: String = PromptRow.defaultTask,
            samples: [Answer],
            mixture: String
        ) {
            self.messages = messages
            self.task = task
            self.samples = samples
            self.mixture = mixture
        }
    }

    /// One judge's word on a pair of samples: `first` is the lower index.
    public struct Decision: Sendable, Equatable {
        public var judge: String
        public var first: Int
        public var second: Int
        public var verdict: Verdict
        public var swapped: Verdict
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
    public var minimumMargin: Double

    public init(judges: [any Judge], minimumMargin: Double) {
        self.judges = judges
        self.minimumMargin = minimumMargin
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
            for (i, first) in indices.enumerated() {
                for second in indices[(i + 1)...] { matches.append((p, first, second)) }
            }
        }
        func comparison(_ match: (prompt: Int, first: Int, second: Int), swapped: Bool) -> Comparison {
            let prompt = prompts[match.prompt]
            let a = prompt.samples[match.first].text, b = prompt.samples[match.second].text
            return Comparison(
                messages: prompt.messages,
                task: prompt.task,
                first: swapped ? b : a,
                second: swapped ? a : b,
                mixture: prompt.mixture
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
                        verdict: said[m],
                        swapped: said[matches.count + m].swapped
                    )
                )
            }
        }
        let rankings = prompts.indices.map { p in
            Ranking(decisions: decisions[p], pair: pair(contestants[p], prompts[p], decisions[p]))
        }
        return (rankings, usage)
    }

    private func pair(_ contestants: [Int], _ prompt: Candidates, _ decisions: [Decision]) -> Pair? {
        let scores = Copeland.scores(decisions), samples = prompt.samples
        func score(_ index: Int) -> Double { scores[index] ?? 0 }
        let eligible = contestants.filter(prompt.mayBeChosen)
        guard let best = eligible.map(score).max(), let worst = contestants.map(score).min(), best > worst,
            best - worst >= minimumMargin
        else { return nil }
        let chosen = eligible.filter { score($0) == best }.min { (samples[$0].tokens, $0) < (samples[$1].tokens, $1) }!
        let rejected = contestants.filter { score($0) == worst }.min {
            (-samples[$0].tokens, $0) < (-samples[$1].tokens, $1)
        }!
        return Pair(chosen: chosen, rejected: rejected, chosenScore: best, rejectedScore: worst)
    }
}

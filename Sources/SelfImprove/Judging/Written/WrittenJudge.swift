import LocalLM
import ModelFiles

/// A judge that writes (the paper, section 3.3): a model chooses three criteria for the conversation, judge-proposers
/// evaluate the two answers by them in words, and a judge-aggregator reads this and gives the verdict.
///
/// Each kind of text is asked for in one call per participant: the criteria of all conversations, each judge-proposer's
/// evaluations of all comparisons, then all verdicts. What is drawn for a comparison depends on the judge's name, the
/// conversation's key, the two texts in their order and the part in it, and on nothing else: not on the batch.
///
/// A request that fails makes its comparison `.unparsable`, with the reason in its reasoning, and no other. So does one
/// evaluation of several: a verdict from fewer evaluations than the other order's would not be comparable with it.
/// Where the criteria fail, those of `Criterion.standard` are used, which is counted.
public struct WrittenJudge: Judge {
    public let name: String
    public let criteria: CriteriaFilter
    /// None: the aggregator judges alone.
    public let proposers: [JudgeProposer]
    public let aggregator: JudgeAggregator

    public init(name: String, criteria: CriteriaFilter, proposers: [JudgeProposer], aggregator: JudgeAggregator) {
        self.name = name
        self.criteria = criteria
        self.proposers = proposers
        self.aggregator = aggregator
    }

    public func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        judgements: [Judgement], usage: Usage
    ) {
        let (conversations, places) = conversations(of: comparisons)
        let evaluations = proposers.reduce(0) { $0 + $1.participant.samples }
        let meter = Meter(
            calls: conversations.count + comparisons.count * (evaluations + 1),
            comparisons: comparisons.count,
            progress
        )

        let choices = try await criteria.choose(for: conversations, progress: meter.next(conversations.count))
        let questions = zip(comparisons, places).map { question($0, choices[$1].criteria) }

        var written = [[WrittenCall]](repeating: [], count: comparisons.count)
        for (index, proposer) in proposers.enumerated() {
            let calls = try await proposer.evaluate(
                questions.map { $0.asked("proposer", UInt64(index)) },
                progress: meter.next(comparisons.count * proposer.participant.samples)
            )
            for (place, calls) in calls.enumerated() { written[place] += calls }
        }

        // An evaluation that failed leaves nothing to decide.
        let decidable = comparisons.indices.filter { written[$0].allSatisfy { $0.text != nil } }
        let decisions = try await aggregator.decide(
            decidable.map { (questions[$0].asked("aggregator", 0), written[$0].compactMap(\.text)) },
            progress: meter.next(comparisons.count)
        )
        let digests = digests
        var judgements = comparisons.indices.map { place in
            Judgement(
                .unparsable,
                reasoning: WrittenReasoning(
                    criteria: choices[places[place]],
                    evaluations: written[place],
                    prompts: digests
                )
            )
        }
        for (place, decision) in zip(decidable, decisions) {
            judgements[place].verdict = decision.verdict
            judgements[place].reasoning?.verdict = decision.call
        }
        progress(comparisons.count)
        let shared = choices.reduce(0) { $0 + $1.call.tokens }
        return (judgements, judgements.reduce(Usage(generated: shared)) { $0 + $1.usage })
    }

    /// Of the prompts that this judge uses, by part.
    private var digests: [String: String] {
        let unused = proposers.isEmpty ? [JudgePrompt.Part.evaluation, .verdict] : [.single]
        return aggregator.prompts.digests.filter { part, _ in !unused.contains { $0.rawValue == part } }
    }

    /// The conversations that are compared about, each once, and which of them each comparison belongs to.
    private func conversations(of comparisons: [Comparison]) -> (questions: [JudgeQuestion], places: [Int]) {
        struct Conversation: Hashable { let messages: [Message], task: String, key: UInt64 }
        var known: [Conversation: Int] = [:]
        var questions: [JudgeQuestion] = []
        let places = comparisons.map { comparison in
            let conversation = Conversation(
                messages: comparison.messages,
                task: comparison.task,
                key: comparison.key
            )
            if let place = known[conversation] { return place }
            known[conversation] = questions.count
            questions.append(
                JudgeQuestion(
                    conversation: comparison.messages,
                    task: comparison.task,
                    criteria: [],
                    key: RandomKey.derive(RandomKey.derive(comparison.key, name), "criteria")
                )
            )
            return questions.count - 1
        }
        return (questions, places)
    }

    private func question(_ comparison: Comparison, _ criteria: [Criterion]) -> JudgeQuestion {
        let conversation = RandomKey.derive(RandomKey.derive(comparison.key, name), "pair")
        return JudgeQuestion(
            conversation: comparison.messages,
            task: comparison.task,
            criteria: criteria,
            first: comparison.first,
            second: comparison.second,
            key: RandomKey.derive(RandomKey.derive(conversation, comparison.first), comparison.second)
        )
    }

    /// Turns calls into comparisons, which is what listeners count.
    private final class Meter {
        private let calls: Int
        private let comparisons: Int
        private let progress: @Sendable (Int) -> Void
        private var before = 0

        init(calls: Int, comparisons: Int, _ progress: @escaping @Sendable (Int) -> Void) {
            self.calls = max(calls, 1)
            self.comparisons = comparisons
            self.progress = progress
        }

        /// The listener of the next `count` calls.
        func next(_ count: Int) -> @Sendable (Int) -> Void {
            let before = before, calls = calls, comparisons = comparisons, progress = progress
            self.before += count
            return { progress((before + $0) * comparisons / calls) }
        }
    }
}

extension JudgeQuestion {
    /// The question to one participant of the judge.
    fileprivate func asked(_ part: String, _ index: UInt64) -> JudgeQuestion {
        var question = self
        question.key = RandomKey.derive(RandomKey.derive(key, part), index)
        return question
    }
}

import Foundation
import LocalLM

/// What one model, peer or mixture said to every prompt of a set, and how much of it was right.
public struct EvaluationResult: Sendable {
    public struct Answer: Sendable, Equatable {
        public var id: String
        public var slice: String
        public var output: String
        public var correct: Bool
    }

    /// In the order of the set.
    public var answers: [Answer]
    /// Mean tokens of an answer, EOS included, where it is known.
    public var meanTokens: Double?

    public init(_ set: EvaluationSet, outputs: [String], meanTokens: Double? = nil) {
        precondition(set.items.count == outputs.count, "\(outputs.count) outputs for \(set.items.count) prompts")
        answers = zip(set.items, outputs).map {
            Answer(id: $0.id, slice: $0.slice, output: $1, correct: $0.isCorrect($1))
        }
        self.meanTokens = meanTokens
    }

    public var correct: Int { answers.count { $0.correct } }
    public var score: Score { Score(correct: correct, n: answers.count) }

    public var slices: [EvaluationRecord.Slice] {
        var order: [String] = []
        var counts: [String: (n: Int, correct: Int)] = [:]
        for answer in answers {
            if counts[answer.slice] == nil { order.append(answer.slice) }
            counts[answer.slice, default: (0, 0)].n += 1
            counts[answer.slice, default: (0, 0)].correct += answer.correct ? 1 : 0
        }
        return order.map { EvaluationRecord.Slice(slice: $0, n: counts[$0]!.n, correct: counts[$0]!.correct) }
    }
}

/// Answers a held-out set greedily.
public struct Evaluator: Sendable {
    public var maximumTokens: Int

    public init(maximumTokens: Int) { self.maximumTokens = maximumTokens }

    public func evaluate(
        _ model: any ChatModel,
        on set: EvaluationSet,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws
        -> EvaluationResult
    {
        let requests = set.items.map { ChatRequest(messages: $0.messages, key: 0) }
        let answers = try await model.answer(
            requests,
            sampling: Sampling(maximumTokens: maximumTokens),
            progress: progress
        ).map { $0[0] }
        return EvaluationResult(
            set,
            outputs: answers.map(\.text),
            meanTokens: Double(answers.reduce(0) { $0 + $1.tokens }) / Double(answers.count)
        )
    }
}

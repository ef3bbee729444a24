import ModelFiles

extension Proposer {
    /// Answers to messages of a judge, in one call: `samples` of each, or why there are none.
    func written(
        _ messages: [(message: Message, task: String, key: UInt64)],
        samples: Int,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [ChatResult] {
        guard !messages.isEmpty else { return [] }
        let requests = messages.map { message, task, key in
            ChatRequest(
                messages: context.applied(to: [message], task: task),
                samples: samples,
                sampling: sampling,
                key: key
            )
        }
        let results = try await model.answer(requests, progress: progress)
        precondition(results.count == requests.count, "\(name): \(results.count) results of \(requests.count) requests")
        return results.map { result in
            result.flatMap { answers in
                answers.count == samples
                    ? .success(answers)
                    : .failure(SelfImproveError(.failed, "\(answers.count) answers, not \(samples)", context: name))
            }
        }
    }
}

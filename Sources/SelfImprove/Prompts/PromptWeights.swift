/// How much more of one task a round draws than of another: more of what the mixture knows and the champion does not.
///
/// The weight of a task is the share of its prompts to which, in the last round that drew some, the mixture's answer
/// was kept and said something else than the champion by itself (`hard`). One such prompt and one other are added, so
/// that few prompts say little. No weight is below `least`: a task that the champion has learnt may be forgotten again.
/// No held-out set is read.
struct PromptWeights: Sendable, Equatable {
    static let least = 0.1

    var tasks: [String: Double] = [:]

    /// Of a task that no round drew, nothing is known.
    subscript(task: String) -> Double { tasks[task] ?? 1 }

    /// Adds an earlier round; the latest comes first.
    mutating func add(_ prompts: [PromptRecord], _ answers: [AnswerRecord]) {
        var counts: [String: (all: Int, hard: Int)] = [:]
        for (prompt, answer) in zip(prompts, answers) {
            counts[prompt.task, default: (0, 0)].all += 1
            if answer.kept, answer.hard { counts[prompt.task, default: (0, 0)].hard += 1 }
        }
        for (task, count) in counts where tasks[task] == nil {
            tasks[task] = max(Self.least, Double(count.hard + 1) / Double(count.all + 2))
        }
    }
}

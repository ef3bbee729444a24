import ModelFiles

/// Two answers to one conversation, in the order in which the judge sees them. It is never told who wrote them.
public struct Comparison: Sendable {
    public var messages: [Message]
    public var first: String
    public var second: String
    /// The mixture's own answer, for judges that compare with it.
    public var mixture: String

    public init(messages: [Message], first: String, second: String, mixture: String) {
        self.messages = messages
        self.first = first
        self.second = second
        self.mixture = mixture
    }
}

/// Prefers one of two answers. Likelihoods and agreement now, generative judges later.
public protocol Judge: Sendable {
    var name: String { get }
    /// A verdict per comparison, in order, and the tokens it took. What cannot be understood is `.unparsable`, never a default.
    func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        verdicts: [VerdictRecord.Verdict], tokens: Int
    )
}

/// Prefers the answer to which one of the models gives the higher mean logprob. Here a mixture of judges is a maximum: an
/// answer is good if some peer that knows the skill finds it likely.
public struct LikelihoodJudge: Judge {
    public let name = "likelihood"
    private let models: [any LikelihoodModel]

    public init(_ models: [any LikelihoodModel]) {
        precondition(!models.isEmpty, "a likelihood judge without models")
        self.models = models
    }

    public func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        verdicts: [VerdictRecord.Verdict], tokens: Int
    ) {
        // Each text of a prompt is scored once, however many comparisons it stands in.
        struct Question: Hashable { var messages: [Message], answer: String }
        var places: [Question: Int] = [:]
        var questions: [(messages: [Message], answer: String)] = []
        for comparison in comparisons {
            for text in [comparison.first, comparison.second]
            where places[Question(messages: comparison.messages, answer: text)] == nil {
                places[Question(messages: comparison.messages, answer: text)] = questions.count
                questions.append((comparison.messages, text))
            }
        }
        var best = [Double](repeating: -.infinity, count: questions.count)
        var tokens = 0
        for (index, model) in models.enumerated() {
            let share = comparisons.count / models.count
            let total = max(questions.count, 1)
            for (i, likelihood) in try await model.likelihood(
                of: questions,
                progress: { progress(index * share + share * $0 / total) }
            ).enumerated() {
                best[i] = max(best[i], likelihood.mean)
                tokens += likelihood.tokens
            }
        }
        let verdicts = comparisons.map { comparison in
            let first = best[places[Question(messages: comparison.messages, answer: comparison.first)]!]
            let second = best[places[Question(messages: comparison.messages, answer: comparison.second)]!]
            return first == second ? VerdictRecord.Verdict.tie : first > second ? .first : .second
        }
        return (verdicts, tokens)
    }
}

/// Prefers the answer that is nearer to the mixture's: equal to it, else of higher similarity (1 - edit distance / length).
public struct AgreementJudge: Judge {
    public let name = "agreement"

    public init() {}

    public func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        verdicts: [VerdictRecord.Verdict], tokens: Int
    ) {
        let verdicts = comparisons.map { comparison in
            let first = Self.agreement(comparison.first, comparison.mixture),
                second = Self.agreement(comparison.second, comparison.mixture)
            return first == second ? VerdictRecord.Verdict.tie : first > second ? .first : .second
        }
        progress(comparisons.count)
        return (verdicts, 0)
    }

    /// 1 for the same text, else at most .5.
    static func agreement(_ text: String, _ mixture: String) -> Double {
        if text == mixture { return 1 }
        let a = Array(text.prefix(2000)), b = Array(mixture.prefix(2000))
        return 0.5 * (1 - Double(distance(a, b)) / Double(max(a.count, b.count, 1)))
    }

    /// Levenshtein's, over characters.
    static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var row = Array(0...b.count)
        for i in 0..<a.count {
            var diagonal = row[0]
            row[0] = i + 1
            for j in 0..<b.count {
                let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}

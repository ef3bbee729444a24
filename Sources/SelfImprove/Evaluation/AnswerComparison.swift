/// How the answers of a campaign are compared, task by task.
public struct AnswerComparison: Sendable {
    /// Texts are compared as they are, in every task.
    public static let whole = AnswerComparison()

    private let general: AnswerExtraction
    private let tasks: [String: AnswerExtraction]

    private init() {
        general = .whole
        tasks = [:]
    }

    /// - Throws: `.configuration` for a pattern that is not valid.
    public init(_ configuration: CampaignConfiguration.Answers) throws {
        func extraction(_ rule: AnswerRule) throws -> AnswerExtraction {
            do { return try AnswerExtraction(rule) } catch {
                throw SelfImproveError(
                    .configuration,
                    "the pattern \(rule.pattern ?? "") is not valid: \(error)",
                    context: "answers",
                    hint: LinearPattern.syntax
                )
            }
        }
        general = try extraction(configuration.rule)
        tasks = try configuration.tasks.mapValues(extraction)
    }

    public subscript(task: String) -> AnswerExtraction { tasks[task] ?? general }

    /// Whether texts are compared as they are in every task.
    public var isWhole: Bool { general.rule.isWhole && tasks.values.allSatisfy(\.rule.isWhole) }
}

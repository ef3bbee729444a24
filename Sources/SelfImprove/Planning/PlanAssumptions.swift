import LocalLM
import ModelFiles

/// What a plan takes for granted of models and files that are not on this machine yet (`plan:` in the configuration).
/// Of what is there, it looks at the thing itself.
public struct PlanAssumptions: Sendable {
    /// Shape of the student.
    public var student: ModelConfiguration?
    /// Rows of the files of prompts, all together.
    public var prompts: Int
    /// Mean tokens of an instruction and of an answer.
    public var promptTokens: Int
    public var answerTokens: Int
    /// What the configuration names and is not there, in the order in which it was looked for.
    public internal(set) var absent: [String] = []

    func lacks(_ source: PromptSource) -> Bool {
        if case .file(let path) = source { absent.contains(path) } else { false }
    }

    func lacks(_ model: ModelReference) -> Bool {
        if case .directory(let path) = model { absent.contains(path) } else { false }
    }

    /// Reads the section. Its keys are checked wherever a configuration is read; they count where a plan is made.
    init(_ section: ConfigurationSection) {
        defer { section.finish() }
        prompts = section.integer("prompts", default: 10_000, in: 1...1_000_000_000)
        promptTokens = section.integer("prompt_tokens", default: 120, in: 1...1_000_000)
        answerTokens = section.integer("answer_tokens", default: PlanningBasis.guessedAnswer, in: 1...1_000_000)
        guard !section.isOff("student") else { return }
        let shape = section.string("student")
        if shape.isEmpty { return }
        do { student = try ModelShape.configuration(shape) } catch {
            section.fault("student", (error as? LocalLMError)?.message ?? "\(error)", hint: ModelShape.help)
        }
    }
}

/// Notes what a configuration names and is not there, which a plan can do without.
final class AbsentFiles {
    private(set) var paths: [String] = []

    func note(_ path: String) { if !paths.contains(path) { paths.append(path) } }
}

import Foundation

/// The words of a written judge: how it is asked, and what the criteria mean.
public struct JudgePrompts: Sendable, Equatable {
    public let criteria: JudgePrompt
    public let evaluation: JudgePrompt
    public let verdict: JudgePrompt
    public let single: JudgePrompt
    public let definitions: CriteriaDefinitions

    /// The files of `Prompts/Files/judging`. The wording is ours; the steps are the paper's (section 3.3).
    public static let standard = JudgePrompts()

    /// - Parameters: the user's own in place of those of this program.
    /// - Precondition: each is of the part that it is given for.
    public init(
        criteria: JudgePrompt = .criteria,
        evaluation: JudgePrompt = .evaluation,
        verdict: JudgePrompt = .verdict,
        single: JudgePrompt = .single,
        definitions: CriteriaDefinitions = .standard
    ) {
        let parts = [criteria, evaluation, verdict, single].map(\.part)
        precondition(parts == [.criteria, .evaluation, .verdict, .single], "prompts of the parts \(parts)")
        self.criteria = criteria
        self.evaluation = evaluation
        self.verdict = verdict
        self.single = single
        self.definitions = definitions
    }

    /// SHA-256 of every file, by its part.
    public var digests: [String: String] {
        var digests = [Self.definitionsName: definitions.digest]
        for prompt in [criteria, evaluation, verdict, single] { digests[prompt.part.rawValue] = prompt.digest }
        return digests
    }

    fileprivate static let definitionsName = "definitions"
}

/// Words of a person's own for one part of a judge: a file that is kept whole with the configuration.
public struct JudgeWords: Sendable, Equatable, Codable {
    /// Of the file.
    public var name: String
    public var words: String
}

extension JudgePrompts {
    /// What a person may have words of their own for.
    static let parts = JudgePrompt.Part.allCases.map(\.rawValue) + [definitionsName]

    /// Own words by part; those of this program for the other parts.
    /// - Throws: `.configuration` with what is wrong with a file.
    init(own: [String: JudgeWords]) throws(SelfImproveError) {
        func prompt(_ part: JudgePrompt.Part, _ standard: JudgePrompt) throws(SelfImproveError) -> JudgePrompt {
            guard let file = own[part.rawValue] else { return standard }
            return try JudgePrompt(part, file: Array(file.words.utf8), name: file.name)
        }
        self.init(
            criteria: try prompt(.criteria, .criteria),
            evaluation: try prompt(.evaluation, .evaluation),
            verdict: try prompt(.verdict, .verdict),
            single: try prompt(.single, .single),
            definitions: try own[Self.definitionsName].map { file throws(SelfImproveError) in
                try CriteriaDefinitions(file: Array(file.words.utf8), name: file.name)
            } ?? .standard
        )
    }
}

/// What each criterion means: a file with one line `name: meaning` for each of them.
public struct CriteriaDefinitions: Sendable, Equatable {
    /// SHA-256 of the file.
    public let digest: String
    private let lines: [Criterion: String]

    public static let standard: CriteriaDefinitions = {
        do { return try CriteriaDefinitions(file: PackageResources.definitions_txt, name: "definitions") } catch {
            preconditionFailure("\(error)")
        }
    }()

    /// - Throws: `.configuration` where a criterion is missing, unknown or duplicate.
    public init(file bytes: [UInt8], name: String) throws(SelfImproveError) {
        func fault(_ what: String) -> SelfImproveError {
            SelfImproveError(
                .configuration,
                what,
                context: name,
                hint: "one line \"name: meaning\" for each of "
                    + Criterion.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        guard bytes.count <= 1 << 20, let text = String(validating: bytes, as: UTF8.self) else {
            throw fault("is not UTF-8, or longer than 1 MiB")
        }
        var lines: [Criterion: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where line.contains(where: { !$0.isWhitespace }) {
            let key = line.prefix { $0 != ":" }.trimmingCharacters(in: .whitespaces)
            guard let criterion = Criterion(rawValue: key) else {
                throw fault("unknown criterion \"\(key.prefix(40))\"")
            }
            guard lines.updateValue(String(line), forKey: criterion) == nil else { throw fault("duplicate \(key)") }
        }
        if let missing = Criterion.allCases.first(where: { lines[$0] == nil }) {
            throw fault("\(missing.rawValue) is missing")
        }
        self.lines = lines
        digest = ContentDigest.sha256(Data(bytes))
    }

    /// A line of a list for each of `criteria`.
    func list(_ criteria: [Criterion]) -> String {
        criteria.map { "- \(lines[$0] ?? $0.rawValue)" }.joined(separator: "\n")
    }
}

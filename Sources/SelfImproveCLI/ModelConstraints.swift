import ArgumentParser
import ModelFiles
import SelfImprove

struct ModelConstraints: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "constraints",
        abstract: "Mark texts by what their prompts ask for: length, case, format, words.",
        discussion: """
            Reads {"text":"...","instruction_id_list":["punctuation:no_comma"],"kwargs":[{}]}, as in rows of IFEval;
            prints {"strict":[...],"loose":[...]}, a mark for each instruction.
            """
    )

    private struct Result: Encodable {
        var strict: [Bool]
        var loose: [Bool]
    }

    func run() async throws {
        try Output.forEachInput { row in
            guard let text = try row.text("text") else { throw LocalLMError(.input, "a line needs \"text\"") }
            let marks = ConstraintMarks(try Constraint.constraints(of: row.json), of: text)
            try Output.json(Result(strict: marks.strict, loose: marks.loose))
        }
    }
}

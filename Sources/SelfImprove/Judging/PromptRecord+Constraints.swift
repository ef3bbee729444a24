import ModelFiles

extension PromptRecord {
    /// What it asks of an answer's form.
    var stated: [Constraint] {
        get throws {
            guard let constraints else { return [] }
            return try Constraint.constraints(of: constraints.decode(), context: "the prompt \(id)")
        }
    }
}

/// The work of a step, in tokens.
public struct Usage: Sendable, Hashable, Codable {
    /// Written by models, EOS included.
    public var generated: Int
    /// Read by models that score answers of others.
    public var scored: Int
    /// Passed through a model that is trained, prompts included, once per pass.
    public var trained: Int

    public init(generated: Int = 0, scored: Int = 0, trained: Int = 0) {
        self.generated = generated
        self.scored = scored
        self.trained = trained
    }

    /// The sum that the stop criterion `tokens` counts.
    public var tokens: Int { generated + scored + trained }

    public static func + (a: Usage, b: Usage) -> Usage {
        Usage(generated: a.generated + b.generated, scored: a.scored + b.scored, trained: a.trained + b.trained)
    }

    public static func += (a: inout Usage, b: Usage) { a = a + b }
}

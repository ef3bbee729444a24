/// One model's scores on a held-out set by both kinds of marks.
public struct BothScores: Sendable, Equatable, Codable {
    public var strict: Score
    public var lenient: Score
}

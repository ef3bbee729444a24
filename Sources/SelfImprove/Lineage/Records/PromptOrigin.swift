/// Which model wrote a prompt, and from what.
public struct PromptOrigin: Sendable, Equatable, Codable {
    /// A prompt that the model was shown.
    public struct Seed: Sendable, Equatable, Codable {
        public var file: String
        /// Counted from 1.
        public var line: Int
        /// Its own, or the digest of its messages.
        public var id: String
    }

    /// The source's name in `prompts.sources`.
    public var source: String
    public var kind: PromptWriter.Kind
    /// Digest of the model's weights; the name of one behind an endpoint.
    public var model: String
    /// Which of the source's generations of the round it is, from 0.
    public var generation: Int
    /// SHA-256 of the words in which the model was asked, or of the prefix that an endpoint went on from; nil where the
    /// model's own template says it.
    public var prompt: String?
    public var seeds: [Seed]
}

/// Which model answered, as the lineage records it.
public enum ModelIdentity: Sendable, Hashable, CustomStringConvertible {
    /// SHA-256 of weights, configuration, tokenizer and template: everything that decides its answers.
    case weights(digest: String)
    /// Only its name is known.
    case named(String)

    /// Of a model on this machine; nil of one that is elsewhere.
    public var digest: String? { if case .weights(let digest) = self { digest } else { nil } }

    public var description: String {
        switch self {
        case .weights(let digest): digest
        case .named(let name): name
        }
    }
}

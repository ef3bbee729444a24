/// How a mixture shows candidates, and how many it needs.
public struct MixtureSettings: Sendable, Hashable {
    /// In which order candidates are shown.
    public enum Order: String, Sendable, Codable, CaseIterable {
        /// As `proposers` lists them.
        case listed
        /// By chance, another order for each prompt: no proposer is always the first.
        case shuffled
        /// Best first.
        case confidence
    }

    /// What happens to a prompt whose candidates do not fit into the aggregator's context.
    public enum TooLong: String, Sendable, Codable, CaseIterable {
        /// The candidates are cut at their ends, all to the same share of their length.
        case shorten
        /// The prompt is dropped.
        case drop
    }

    /// Nil: by confidence, where there is one.
    public var order: Order?
    public var tooLong: TooLong
    /// A prompt with fewer drafts is dropped. At least 1.
    public var minimumDrafts: Int

    public init(order: Order? = nil, tooLong: TooLong = .drop, minimumDrafts: Int = 1) {
        self.order = order
        self.tooLong = tooLong
        self.minimumDrafts = minimumDrafts
    }
}

extension String {
    /// Its beginning, a share of its characters.
    func cut(to share: Double) -> String { share >= 1 ? self : String(prefix(Int(Double(count) * share))) }
}

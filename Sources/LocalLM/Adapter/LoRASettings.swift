import ModelFiles

/// Low-rank adaptation (Hu et al. 2021): y = W x + s B A x with W frozen, A rank x in, B out x rank.
public struct LoRASettings: Sendable, Equatable, Codable {
    /// The linear layers of a transformer layer, by their Hugging Face names, in the order of the weights.
    public enum Module: String, Sendable, Codable, CaseIterable {
        case query = "q_proj", key = "k_proj", value = "v_proj", output = "o_proj", gate = "gate_proj", up = "up_proj",
            down = "down_proj"

        /// As transformers nests them.
        var path: String {
            switch self {
            case .query, .key, .value, .output: "self_attn.\(rawValue)"
            case .gate, .up, .down: "mlp.\(rawValue)"
            }
        }
    }

    /// Rows of A and columns of B.
    public var rank: Int
    /// The numerator of the scale s.
    public var alpha: Double
    /// Share of the adapter's inputs that is zeroed in SFT; DPO trains without, as TRL does.
    public var dropout: Double
    /// s = alpha / sqrt(rank) instead of alpha / rank (Kalajdzievski 2023).
    public var isRankStabilized: Bool
    /// The layers that are adapted.
    public var modules: Set<Module>

    public init(
        rank: Int,
        alpha: Double,
        dropout: Double = 0,
        isRankStabilized: Bool = false,
        modules: Set<Module> = Set(Module.allCases)
    ) {
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.isRankStabilized = isRankStabilized
        self.modules = modules
    }

    private enum CodingKeys: String, CodingKey { case rank, alpha, dropout, isRankStabilized, modules }

    /// The modules in the order of the weights: a set has another one in every process, and settings are digested.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rank, forKey: .rank)
        try container.encode(alpha, forKey: .alpha)
        try container.encode(dropout, forKey: .dropout)
        try container.encode(isRankStabilized, forKey: .isRankStabilized)
        try container.encode(Module.allCases.filter(modules.contains), forKey: .modules)
    }

    /// s.
    public var scale: Double { isRankStabilized ? alpha / Double(rank).squareRoot() : alpha / Double(rank) }

    public static let largestRank = 4096

    public func validate() throws {
        guard (1...Self.largestRank).contains(rank) else {
            throw LocalLMError(.input, "a LoRA rank of \(rank)", hint: "1 to \(Self.largestRank)")
        }
        guard alpha > 0, alpha.isFinite else { throw LocalLMError(.input, "a LoRA alpha of \(alpha)", hint: "above 0") }
        guard dropout >= 0, dropout < 1 else {
            throw LocalLMError(.input, "a LoRA dropout of \(dropout)", hint: "0 up to, but not, 1")
        }
        guard !modules.isEmpty else {
            throw LocalLMError(
                .input,
                "LoRA on no module",
                hint: "some of \(Module.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
    }
}

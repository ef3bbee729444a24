import ModelFiles

/// Which activations stay in memory between the forward and the backward pass.
public enum ActivationMemory: String, Sendable, Codable {
    /// All of them: the fastest for small models.
    case keep
    /// What costs a matrix product to make again; norms, the gated unit and attention's probabilities are recomputed in
    /// the backward pass. Memory then grows with the tokens, not with the square of the length.
    case compact
    /// Gradient checkpointing (Chen et al. 2016): only the input of each layer; its forward pass is done a second time.
    case checkpoint
}

/// What the backward pass of one layer reads. Rows are the tokens of the batch.
struct LayerActivations {
    private(set) var input = Self.none, normed = Self.none, qkv = Self.none, attended = Self.none, middle = Self.none,
        middleNormed = Self.none,
        gateUp = Self.none, activation = Self.none
    /// Of every row and head, where attention goes in tiles.
    private(set) var logSumExp = Self.none
    private(set) var rstd = Self.none, middleRstd = Self.none
    /// Only where they are kept.
    let probabilities: FloatBuffer
    /// Queries and keys before their norm, where they have one.
    private(set) var rawHeads = Self.none, headRstd = Self.none
    /// What attention and feed-forward network gave, before the post-norms.
    private(set) var attentionBranch = Self.none, attentionRstd = Self.none, feedForwardBranch = Self.none,
        feedForwardRstd = Self.none

    private static var none: FloatBuffer { FloatBuffer(count: 0) }

    /// What it takes to make a buffer again.
    private enum Cost {
        /// The layer's input: it stays.
        case all
        /// A matrix product, or attention.
        case product
        /// A pass over some rows.
        case pass

        func isShared(_ memory: ActivationMemory) -> Bool {
            switch memory {
            case .keep: false
            case .compact: self == .pass
            case .checkpoint: self != .all
            }
        }
    }

    /// Every buffer, and its floats per token.
    /// - Parameter isHalf: whether those are bf16 that matrices multiply, and the gates.
    private static func parts(_ c: ModelConfiguration, isHalf: Bool) -> [(
        place: WritableKeyPath<Self, FloatBuffer>, width: Int, cost: Cost
    )] {
        let heads = c.normalizesQueriesAndKeys ? c.headCount + c.keyValueHeadCount : 0
        func operand(_ width: Int) -> Int { isHalf ? (width + 1) / 2 : width }
        let branch = c.hasPostNorms ? c.hiddenSize : 0, branchRstd = c.hasPostNorms ? 1 : 0
        return [
            (\.input, c.hiddenSize, .all), (\.rstd, 1, .all),
            (\.normed, operand(c.hiddenSize), .pass), (\.middleNormed, operand(c.hiddenSize), .pass),
            (\.activation, operand(c.intermediateSize), .pass),
            (\.qkv, c.attentionRowWidth, .product), (\.rawHeads, heads * c.headDimension, .product),
            (\.headRstd, heads, .product),
            (\.attended, operand(c.queryWidth), .product), (\.logSumExp, c.headCount, .product),
            (\.attentionBranch, branch, .product),
            (\.attentionRstd, branchRstd, .product),
            (\.middle, c.hiddenSize, .product), (\.middleRstd, 1, .product),
            (\.gateUp, operand(2 * c.intermediateSize), .product),
            (\.feedForwardBranch, branch, .product), (\.feedForwardRstd, branchRstd, .product),
        ]
    }

    /// Floats per token: of every layer, and once for all of them.
    static func floats(
        _ c: ModelConfiguration,
        memory: ActivationMemory,
        isHalf: Bool
    ) -> (everyLayer: Int, once: Int) {
        parts(c, isHalf: isHalf).reduce(into: (0, 0)) { sum, part in
            if part.cost.isShared(memory) { sum.1 += part.width } else { sum.0 += part.width }
        }
    }

    /// - Parameter first: the activations of layer 0, which other layers share as far as the policy lets them.
    init(
        _ c: ModelConfiguration,
        tokens n: Int,
        probabilities count: Int,
        memory: ActivationMemory,
        isHalf: Bool,
        first: LayerActivations?
    ) {
        probabilities = FloatBuffer(count: memory == .keep ? count : 0)
        for part in Self.parts(c, isHalf: isHalf) {
            let shared = part.cost.isShared(memory) ? first : nil
            self[keyPath: part.place] = shared?[keyPath: part.place] ?? FloatBuffer(count: n * part.width)
        }
    }
}

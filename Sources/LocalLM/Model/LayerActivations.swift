/// Which activations stay in memory between the forward and the backward pass.
public enum ActivationMemory: Sendable {
    /// All of them: the fastest for small models.
    case keep
    /// What costs a matrix product to make again; norms, the gated unit and attention's probabilities are recomputed in the backward
    /// pass. Memory then grows with the tokens, not with the square of the length.
    case compact
    /// Gradient checkpointing (Chen et al. 2016): only the input of each layer; its forward pass is done a second time.
    case checkpoint
}

/// What the backward pass of one layer reads. Rows are the tokens of the batch.
struct LayerActivations {
    let input, normed, qkv, attended, middle, middleNormed, gateUp, activation: FloatBuffer
    let rstd, middleRstd: FloatBuffer
    /// Only where they are kept.
    let probabilities: FloatBuffer
    /// Queries and keys before their norm, where they have one.
    let rawHeads, headRstd: FloatBuffer
    /// What attention and feed-forward network gave, before the post-norms.
    let attentionBranch, attentionRstd, feedForwardBranch, feedForwardRstd: FloatBuffer

    /// Floats per token: of every layer, and once for all of them.
    static func floats(_ c: ModelConfiguration, memory: ActivationMemory) -> (everyLayer: Int, once: Int) {
        let heads = c.normalizesQueriesAndKeys ? c.headCount + c.keyValueHeadCount : 0, branches = c.hasPostNorms ? 2 * (c.hiddenSize + 1) : 0
        let own = c.hiddenSize + 1, cheap = 2 * c.hiddenSize + c.intermediateSize
        let dear = c.attentionRowWidth + heads * (c.headDimension + 1) + c.queryWidth + branches + c.hiddenSize + 1 + 2 * c.intermediateSize
        return switch memory {
        case .keep: (own + cheap + dear, 0)
        case .compact: (own + dear, cheap)
        case .checkpoint: (own, cheap + dear)
        }
    }

    /// - Parameter first: the activations of layer 0, which other layers share as far as the policy lets them.
    init(_ c: ModelConfiguration, tokens n: Int, probabilities count: Int, memory: ActivationMemory, first: LayerActivations?) {
        func own(_ width: Int) -> FloatBuffer { FloatBuffer(count: n * width) }
        /// Recomputed by `compact` and `checkpoint`.
        func cheap(_ shared: KeyPath<LayerActivations, FloatBuffer>, _ width: Int) -> FloatBuffer {
            if memory != .keep, let first { return first[keyPath: shared] }
            return own(width)
        }
        /// Recomputed by `checkpoint` alone.
        func dear(_ shared: KeyPath<LayerActivations, FloatBuffer>, _ width: Int) -> FloatBuffer {
            if memory == .checkpoint, let first { return first[keyPath: shared] }
            return own(width)
        }
        let heads = c.normalizesQueriesAndKeys ? c.headCount + c.keyValueHeadCount : 0
        let branch = c.hasPostNorms ? c.hiddenSize : 0, branchRstd = c.hasPostNorms ? 1 : 0
        input = own(c.hiddenSize)
        rstd = own(1)
        normed = cheap(\.normed, c.hiddenSize)
        qkv = dear(\.qkv, c.attentionRowWidth)
        rawHeads = dear(\.rawHeads, heads * c.headDimension)
        headRstd = dear(\.headRstd, heads)
        probabilities = FloatBuffer(count: memory == .keep ? count : 0)
        attended = dear(\.attended, c.queryWidth)
        attentionBranch = dear(\.attentionBranch, branch)
        attentionRstd = dear(\.attentionRstd, branchRstd)
        middle = dear(\.middle, c.hiddenSize)
        middleRstd = dear(\.middleRstd, 1)
        middleNormed = cheap(\.middleNormed, c.hiddenSize)
        gateUp = dear(\.gateUp, 2 * c.intermediateSize)
        activation = cheap(\.activation, c.intermediateSize)
        feedForwardBranch = dear(\.feedForwardBranch, branch)
        feedForwardRstd = dear(\.feedForwardRstd, branchRstd)
    }
}

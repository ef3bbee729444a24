import ModelFiles

/// Grouped-query causal attention of packed sequences: out = softmax(scale q k^T, i - window < j <= i) v, head by head;
/// with a softcap the softmax is over cap tanh(scale q k^T / cap) (Gemma 2).
///
/// Queries, keys and values of a token lie in one row of width (heads + 2 kvHeads) D. Each sequence is its own block,
/// so nothing is padded. Of short sequences the scores are computed whole (`CausalAttention+Whole`), and the backward
/// pass reads the probabilities, and with a softcap the capped scores: kept, or made again. Long ones, and branches
/// that share a prefix with another sequence, go in tiles (`AttentionTiles`); in bf16 all do.
struct CausalAttention: Sendable {
    let heads: Int
    let keyValueHeads: Int
    let headDimension: Int
    let scale: Float
    /// How many tokens a token sees, itself included; nil: all before it.
    let window: Int?
    let softcap: Float?
    /// Of its products' operands.
    let precision: Precision

    init(
        heads: Int,
        keyValueHeads: Int,
        headDimension: Int,
        scale: Float? = nil,
        window: Int? = nil,
        softcap: Float? = nil,
        precision: Precision = .fp32
    ) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headDimension = headDimension
        self.scale = scale ?? 1 / Float(headDimension).squareRoot()
        self.window = window
        self.softcap = softcap
        self.precision = precision
    }

    init(_ c: ModelConfiguration, layer: Int, precision: Precision) {
        self.init(
            heads: c.headCount,
            keyValueHeads: c.keyValueHeadCount,
            headDimension: c.headDimension,
            scale: c.attentionScale,
            window: c.window(layer: layer),
            softcap: c.attentionSoftcap,
            precision: precision
        )
    }

    var rowWidth: Int { (heads + 2 * keyValueHeads) * headDimension }
    var outputWidth: Int { heads * headDimension }
    var group: Int { heads / keyValueHeads }

    /// Tokens of the longest sequence whose scores are computed whole. Longer ones, and branches, go in tiles: from
    /// here on that is faster, and needs memory that grows with the length, not with its square. The rule knows the
    /// length alone, so a sequence has the same bits in every batch.
    static let wholeLength = 512

    func usesTiles(_ s: PackedBatch.Sequence) -> Bool {
        precision == .bf16 || s.prefix != nil || s.whole ?? s.length > Self.wholeLength
    }

    /// Whether a sequence may be computed in parts: in tiles, some blocks of keys in each.
    func canBeCut(length: Int) -> Bool {
        length > (precision == .bf16 ? 2 * AttentionTile.keys - 1 : Self.wholeLength)
    }

    /// Floats that are kept of a sequence's probabilities: of all heads, followed by the capped scores. In tiles none
    /// are.
    func probabilityCount(_ s: PackedBatch.Sequence) -> Int {
        usesTiles(s) ? 0 : (softcap == nil ? 1 : 2) * heads * s.length * Self.roundUp(s.length)
    }

    /// Floats of scratch for a sequence.
    func scratchCount(_ s: PackedBatch.Sequence) -> Int {
        guard usesTiles(s) else { return wholeScratchCount(length: s.length) }
        return precision == .bf16
            ? AttentionTiles<PairTiles>(self, queries: s.length, prefix: s.position).scratchCount
            : AttentionTiles<SingleTiles>(self, queries: s.length, prefix: s.position).scratchCount
    }

    static func roundUp(_ n: Int) -> Int { (n + 31) / 32 * 32 }

    /// Keys and values of the rows before a part of a sequence, one row of 2 kvHeads D after another, and what
    /// `backward` adds the part's share of their gradient to.
    struct Earlier {
        var rows: UnsafePointer<Float>
        var gradient: UnsafeMutablePointer<Float>
    }

    /// One sequence of a batch, or one branch, whose prefix has been computed before.
    ///
    /// - Parameters:
    ///   - qkv: rows of the batch, N x rowWidth, rotary positions applied.
    ///   - out: N x outputWidth, in bf16 rounded or not; of it the sequence's own rows are written.
    ///   - logSumExp: N x heads, of which tiles write the own rows: log of the sum of exponentials of every row of
    ///     scores.
    ///   - probabilities: `probabilityCount` floats, overwritten; nil: not kept, `backward` makes them again.
    func forward(
        _ s: PackedBatch.Sequence,
        _ qkv: UnsafePointer<Float>,
        into out: ActivationRows,
        logSumExp: UnsafeMutablePointer<Float>,
        probabilities: UnsafeMutablePointer<Float>?,
        earlier: Earlier? = nil,
        scratch: UnsafeMutablePointer<Float>
    ) {
        if !usesTiles(s), case .single(let out) = out {
            return wholeForward(
                qkv + s.start * rowWidth,
                length: s.length,
                into: out + s.start * outputWidth,
                probabilities: probabilities,
                scratch: scratch
            )
        }
        func tiles<Arithmetic: TileArithmetic>(_: Arithmetic.Type) {
            AttentionTiles<Arithmetic>(self, queries: s.length, prefix: s.position).forward(
                s,
                qkv,
                into: out,
                logSumExp: logSumExp,
                earlier: earlier,
                scratch: scratch
            )
        }
        precision == .bf16 ? tiles(PairTiles.self) : tiles(SingleTiles.self)
    }

    /// The gradient of a sequence's own rows, overwritten in `dQKV` (N x rowWidth); what a branch gives to the keys and
    /// values of its prefix is added, so branches follow the sequence that they leave.
    ///
    /// - Parameter out: what `forward` gave, for tiles alone.
    func backward(
        _ s: PackedBatch.Sequence,
        _ dOut: UnsafePointer<Float>,
        _ qkv: UnsafePointer<Float>,
        out: ActivationRows,
        logSumExp: UnsafePointer<Float>,
        probabilities: UnsafeMutablePointer<Float>?,
        into dQKV: UnsafeMutablePointer<Float>,
        earlier: Earlier? = nil,
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard usesTiles(s) else {
            return wholeBackward(
                dOut + s.start * outputWidth,
                qkv + s.start * rowWidth,
                probabilities: probabilities,
                length: s.length,
                into: dQKV + s.start * rowWidth,
                scratch: scratch
            )
        }
        func tiles<Arithmetic: TileArithmetic>(_: Arithmetic.Type) {
            AttentionTiles<Arithmetic>(self, queries: s.length, prefix: s.position).backward(
                s,
                dOut,
                qkv,
                out: out,
                logSumExp: logSumExp,
                into: dQKV,
                earlier: earlier,
                scratch: scratch
            )
        }
        precision == .bf16 ? tiles(PairTiles.self) : tiles(SingleTiles.self)
    }
}

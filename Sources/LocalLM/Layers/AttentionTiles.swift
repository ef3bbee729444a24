/// Attention of one sequence in tiles of scores, which never stand whole (Dao 2023, arXiv 2307.08691, algorithms 1 and
/// 2): the forward pass keeps a running maximum and sum of every row, and of all scores only log sum exp.
///
/// A tile is some queries, of all heads that share keys and values stacked, against `AttentionTile.keys` keys. Keys and
/// values of those heads are packed once; their panels are then read from the second-level cache by all of the stack.
/// Keys are those of the prefix, then the sequence's own, each in blocks of their own, so every block is contiguous
/// rows.
///
/// The order of all sums follows from the lengths alone.
struct AttentionTiles<Arithmetic: TileArithmetic> {
    let layer: CausalAttention
    /// Keys before the first query.
    let prefix: Int
    let queries: Int

    init(_ layer: CausalAttention, queries: Int, prefix: Int) {
        self.layer = layer
        self.queries = queries
        self.prefix = prefix
    }

    /// Queries of a tile, of each head: about 192 rows in a stack.
    var queryBlock: Int { min(64, max(8, 192 / layer.group / 8 * 8)) }
    var stack: Int { queryBlock * layer.group }
    var d: Int { layer.headDimension }
    /// Padded to whole panels.
    var dp: Int { CausalAttention.roundUp(d) }

    /// Keys that lie in neighbouring rows.
    struct Block {
        /// Where its packed operands begin, in keys.
        var slot: Int
        /// Of the first key, counted from the first of the prefix.
        var position: Int
        var count: Int
        var isPrefix: Bool
    }

    private static func blocks(_ keys: Int) -> Int { (keys + AttentionTile.keys - 1) / AttentionTile.keys }
    var blockCount: Int { Self.blocks(prefix) + Self.blocks(queries) }
    /// Keys for which there is room in packed operands.
    var slots: Int { blockCount * AttentionTile.keys }

    func block(_ index: Int) -> Block {
        let before = Self.blocks(prefix), isPrefix = index < before
        let offset = (isPrefix ? index : index - before) * AttentionTile.keys
        return Block(
            slot: index * AttentionTile.keys,
            position: isPrefix ? offset : prefix + offset,
            count: min(AttentionTile.keys, (isPrefix ? prefix : queries) - offset),
            isPrefix: isPrefix
        )
    }

    /// How many of a block's keys the queries at these positions see, up to the last that any of them does; 0 where
    /// none sees one.
    func seen(_ block: Block, by positions: Range<Int>) -> Int {
        if let window = layer.window, block.position + block.count <= positions.lowerBound - window + 1 { return 0 }
        return max(0, min(block.count, positions.upperBound - block.position))
    }

    /// Which of a block's keys the query at this position sees; empty ranges may begin anywhere.
    @inline(__always) func visible(_ block: Block, at position: Int) -> (from: Int, to: Int) {
        let from = layer.window.map { max(0, position - $0 + 1 - block.position) } ?? 0
        return (from, min(block.count, position + 1 - block.position))
    }

    /// Floats that both passes need.
    var scratchCount: Int { Scratch(self, at: nil).count }

    /// Where everything lies, each at a cache line.
    struct Scratch {
        /// Of all blocks: keys as columns; values, of the forward pass as rows, of the backward pass as columns; keys
        /// as rows, and the gradients of keys and values.
        var keys, values, keyRows, dK, dV: UnsafeMutablePointer<Float>
        /// Of a stack: queries and gradients of what came of them as operands, and as rows of panels; sums of values or
        /// of the gradient of the queries.
        var q, dO, queryRows, outputRows, sums: UnsafeMutablePointer<Float>
        /// Scores and then probabilities; gradients of the scores.
        var p, dS: UnsafeMutablePointer<Float>
        var roundedP, roundedDS, turned, temporary: UnsafeMutablePointer<Float>
        /// Of every row: its highest score or log sum exp; its sum, or that of P dP.
        var peaks, totals: UnsafeMutablePointer<Float>
        private(set) var count = 0

        /// - Parameter start: nil where only `count` is wanted.
        init(_ tiles: AttentionTiles, at start: UnsafeMutablePointer<Float>?) {
            let d = tiles.d, dp = tiles.dp, slots = tiles.slots, stack = tiles.stack
            var next = 0
            func take(_ count: Int) -> UnsafeMutablePointer<Float> {
                defer { next += (count + 15) / 16 * 16 }
                return (start ?? UnsafeMutablePointer(bitPattern: 64)!) + next
            }
            let columns = Arithmetic.panels(columns: slots, depth: d),
                rows = Arithmetic.panels(columns: d, depth: slots)
            keys = take(columns)
            values = take(max(columns, rows))
            keyRows = take(rows)
            dK = take(slots * dp)
            dV = take(slots * dp)
            q = take(Arithmetic.rows(stack, width: d))
            dO = take(Arithmetic.rows(stack, width: d))
            queryRows = take(Arithmetic.panels(columns: d, depth: stack))
            outputRows = take(Arithmetic.panels(columns: d, depth: stack))
            sums = take(stack * dp)
            p = take(stack * AttentionTile.stride)
            dS = take(stack * AttentionTile.stride)
            roundedP = take(Arithmetic.rounded(rows: stack))
            roundedDS = take(Arithmetic.rounded(rows: stack))
            turned = take(Arithmetic.turned(rows: stack))
            temporary = take(Arithmetic.rows(AttentionTile.keys, width: d))
            peaks = take(stack)
            totals = take(stack)
            count = next
        }

        /// The panels of a block.
        func columns(_ panels: UnsafeMutablePointer<Float>, _ block: Block, _ d: Int) -> UnsafeMutablePointer<Float> {
            panels + Arithmetic.panels(columns: block.slot, depth: d)
        }
        func rows(_ panels: UnsafeMutablePointer<Float>, _ block: Block, _ d: Int) -> UnsafeMutablePointer<Float> {
            panels + Arithmetic.panels(columns: d, depth: block.slot)
        }
    }

    /// Where the keys of a block begin, of key-value head 0, and the distance of their rows; the values lie
    /// `keyValueHeads` heads after them.
    @inline(__always) func keys(
        of block: Block,
        _ s: PackedBatch.Sequence,
        _ qkv: UnsafePointer<Float>,
        _ earlier: UnsafePointer<Float>?
    ) -> (pointer: UnsafePointer<Float>, stride: Int) {
        let stride = layer.rowWidth, own = qkv + layer.heads * d
        guard block.isPrefix else { return (own + (s.start + block.position - prefix) * stride, stride) }
        if let rows = s.prefix { return (own + (rows.lowerBound + block.position) * stride, stride) }
        let narrow = 2 * layer.keyValueHeads * d
        return (earlier! + block.position * narrow, narrow)
    }

    /// out = softmax(S) V and log sum exp of the rows of S, block of queries by block of queries. Arguments as in
    /// `CausalAttention.forward`.
    func forward(
        _ s: PackedBatch.Sequence,
        _ qkv: UnsafePointer<Float>,
        into out: ActivationRows,
        logSumExp: UnsafeMutablePointer<Float>,
        earlier: CausalAttention.Earlier? = nil,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let stride = layer.rowWidth, group = layer.group, x = Scratch(self, at: scratch)
        for kv in 0..<layer.keyValueHeads {
            for index in 0..<blockCount {
                let block = block(index), (from, leading) = self.keys(of: block, s, qkv, earlier?.rows)
                Arithmetic.pack(
                    columns: from + kv * d,
                    leading: leading,
                    depth: d,
                    columns: block.count,
                    into: x.columns(x.keys, block, d),
                    temporary: x.temporary
                )
                Arithmetic.pack(
                    rows: from + (layer.keyValueHeads + kv) * d,
                    leading: leading,
                    depth: block.count,
                    columns: d,
                    into: x.rows(x.values, block, d),
                    temporary: x.temporary
                )
            }
            var first = 0
            while first < queries {
                let n = min(queryBlock, queries - first), rows = n * group
                let positions = prefix + first..<prefix + first + n
                gather(qkv + (s.start + first) * stride + kv * group * d, leading: stride, queries: n, into: x.q)
                x.sums.update(repeating: 0, count: rows * dp)
                x.peaks.update(repeating: -.infinity, count: rows)
                x.totals.update(repeating: 0, count: rows)
                for index in 0..<blockCount {
                    let block = block(index), limit = seen(block, by: positions)
                    guard limit > 0 else { continue }
                    let width = CausalAttention.roundUp(limit)
                    Arithmetic.multiply(
                        x.q,
                        rows: rows,
                        depth: d,
                        x.columns(x.keys, block, d),
                        columns: limit,
                        into: x.p
                    )
                    for i in 0..<rows {
                        let (from, to) = visible(block, at: positions.lowerBound + i % n)
                        let change = ScoreRow.update(
                            x.p + i * AttentionTile.stride,
                            from..<max(from, to),
                            of: width,
                            scale: layer.scale,
                            softcap: layer.softcap,
                            peak: &x.peaks[i],
                            total: &x.totals[i]
                        )
                        if change != 1 { VectorMath.scale(x.sums + i * dp, change, dp) }
                    }
                    Arithmetic.round(x.p, rows: rows, columns: width, into: x.roundedP)
                    Arithmetic.accumulate(
                        x.p,
                        x.roundedP,
                        rows: rows,
                        used: limit,
                        x.rows(x.values, block, d),
                        depth: block.count,
                        columns: d,
                        into: x.sums
                    )
                }
                for i in 0..<rows {
                    let row = s.start + first + i % n, head = kv * group + i / n
                    VectorMath.scale(x.sums + i * dp, 1 / x.totals[i], dp)
                    out.store(x.sums + i * dp, d, at: row * layer.outputWidth + head * d)
                    logSumExp[row * layer.heads + head] = x.peaks[i] + x.totals[i].logarithm()
                }
                first += n
            }
        }
    }

    /// Rows of the group's heads, one head after another.
    func gather(
        _ x: UnsafePointer<Float>,
        leading: Int,
        queries n: Int,
        into stacked: UnsafeMutablePointer<Float>
    ) {
        for head in 0..<layer.group {
            for i in 0..<n {
                Arithmetic.place(x + i * leading + head * d, width: d, at: head * n + i, in: stacked)
            }
        }
    }
}

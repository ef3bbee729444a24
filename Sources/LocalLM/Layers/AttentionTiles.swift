/// Attention of one sequence in tiles of scores, which never stand whole (Dao 2023, arXiv 2307.08691, algorithms 1 and
/// 2): the forward pass keeps a running maximum and sum of every row, and of all scores only log sum exp.
///
/// A tile is some queries, of all heads that share keys and values stacked, against `keyBlock` keys. Keys and values of
/// those heads are packed once; their panels are then read from the second-level cache by all of the stack. Keys are
/// those of the prefix, then the sequence's own, each in blocks of their own, so every block is contiguous rows.
///
/// The order of all sums follows from the lengths alone.
struct AttentionTiles {
    let layer: CausalAttention
    /// Keys before the first query.
    let prefix: Int
    let queries: Int

    init(_ layer: CausalAttention, queries: Int, prefix: Int) {
        self.layer = layer
        self.queries = queries
        self.prefix = prefix
    }

    /// Keys of a tile, a multiple of the panels' width.
    static let keyBlock = 128
    /// Floats from row to row of a tile: not a power of two, whose columns would share a few sets of the cache.
    static let tileStride = keyBlock + 16

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

    private static func blocks(_ keys: Int) -> Int { (keys + keyBlock - 1) / keyBlock }
    var blockCount: Int { Self.blocks(prefix) + Self.blocks(queries) }
    /// Keys for which there is room in packed operands.
    var slots: Int { blockCount * Self.keyBlock }

    func block(_ index: Int) -> Block {
        let before = Self.blocks(prefix), isPrefix = index < before
        let offset = (isPrefix ? index : index - before) * Self.keyBlock
        return Block(
            slot: index * Self.keyBlock,
            position: isPrefix ? offset : prefix + offset,
            count: min(Self.keyBlock, (isPrefix ? prefix : queries) - offset),
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

    /// Floats: of the forward pass two packed operands, of the backward pass three and the gradients of keys and
    /// values; and the tiles themselves.
    var scratchCount: Int {
        slots * (2 * d + 3 * dp) + stack * (2 * Self.tileStride + 2 * d + 3 * dp + 2)
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
        into out: UnsafeMutablePointer<Float>,
        logSumExp: UnsafeMutablePointer<Float>,
        earlier: CausalAttention.Earlier? = nil,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let stride = layer.rowWidth, group = layer.group
        let keys = scratch, values = keys + slots * d, q = values + slots * dp, sums = q + stack * d
        let tile = sums + stack * dp, peaks = tile + stack * Self.tileStride, totals = peaks + stack
        for kv in 0..<layer.keyValueHeads {
            for index in 0..<blockCount {
                let block = block(index), (from, leading) = self.keys(of: block, s, qkv, earlier?.rows)
                Panels.pack(
                    columns: from + kv * d,
                    leading: leading,
                    depth: d,
                    columns: block.count,
                    into: keys + block.slot * d
                )
                Panels.pack(
                    rows: from + (layer.keyValueHeads + kv) * d,
                    leading: leading,
                    depth: block.count,
                    columns: d,
                    into: values + block.slot * dp
                )
            }
            var first = 0
            while first < queries {
                let n = min(queryBlock, queries - first), rows = n * group
                let positions = prefix + first..<prefix + first + n
                gather(qkv + (s.start + first) * stride + kv * group * d, leading: stride, queries: n, into: q)
                sums.update(repeating: 0, count: rows * dp)
                peaks.update(repeating: -.infinity, count: rows)
                totals.update(repeating: 0, count: rows)
                for index in 0..<blockCount {
                    let block = block(index), limit = seen(block, by: positions)
                    guard limit > 0 else { continue }
                    let width = products(q, rows: rows, keys + block.slot * d, columns: limit, into: tile)
                    for i in 0..<rows {
                        let (from, to) = visible(block, at: positions.lowerBound + i % n)
                        let change = ScoreRow.update(
                            tile + i * Self.tileStride,
                            from..<max(from, to),
                            of: width,
                            scale: layer.scale,
                            softcap: layer.softcap,
                            peak: &peaks[i],
                            total: &totals[i]
                        )
                        if change != 1 { VectorMath.scale(sums + i * dp, change, dp) }
                    }
                    accumulate(tile, rows: rows, depth: limit, values + block.slot * dp, block.count, into: sums)
                }
                for i in 0..<rows {
                    let row = s.start + first + i % n, head = kv * group + i / n
                    VectorMath.scale(sums + i * dp, 1 / totals[i], dp)
                    (out + row * layer.outputWidth + head * d).update(from: sums + i * dp, count: d)
                    logSumExp[row * layer.heads + head] = peaks[i] + totals[i].logarithm()
                }
                first += n
            }
        }
    }

    // MARK: Products

    /// Rows of the group's heads, one head after another, without gaps.
    func gather(
        _ x: UnsafePointer<Float>,
        leading: Int,
        queries n: Int,
        into stacked: UnsafeMutablePointer<Float>
    ) {
        for head in 0..<layer.group {
            for i in 0..<n {
                (stacked + (head * n + i) * d).update(from: x + i * leading + head * d, count: d)
            }
        }
    }

    /// tile = A B^T, B packed by columns: for as many columns as are seen, in whole panels. Returns their number.
    @inline(__always) func products(
        _ a: UnsafePointer<Float>,
        rows: Int,
        _ panels: UnsafePointer<Float>,
        columns: Int,
        into tile: UnsafeMutablePointer<Float>
    ) -> Int {
        var j = 0
        while j < columns {
            LocalLM.Block.multiply(
                rows: rows,
                columns: Panels.width,
                depth: d,
                a,
                rowStride: d,
                step: 1,
                panel: panels + j * d,
                tile + j,
                leading: Self.tileStride,
                accumulate: false
            )
            j += Panels.width
        }
        return j
    }

    /// sums (rows x dp) += tile B, B a block of `count` keys, of which `depth` are read.
    @inline(__always) func accumulate(
        _ tile: UnsafePointer<Float>,
        rows: Int,
        depth: Int,
        _ panels: UnsafePointer<Float>,
        _ count: Int,
        into sums: UnsafeMutablePointer<Float>
    ) {
        var column = 0
        while column < d {
            LocalLM.Block.multiply(
                rows: rows,
                columns: Panels.width,
                depth: depth,
                tile,
                rowStride: Self.tileStride,
                step: 1,
                panel: panels + column * count,
                sums + column,
                leading: dp,
                accumulate: true
            )
            column += Panels.width
        }
    }

    /// sums (keys x dp) += tile^T B, B `rows` stacked rows, packed.
    @inline(__always) func accumulateTransposed(
        _ tile: UnsafePointer<Float>,
        keys: Int,
        rows: Int,
        _ panels: UnsafePointer<Float>,
        into sums: UnsafeMutablePointer<Float>
    ) {
        var column = 0
        while column < d {
            LocalLM.Block.multiply(
                rows: keys,
                columns: Panels.width,
                depth: rows,
                tile,
                rowStride: 1,
                step: Self.tileStride,
                panel: panels + column * rows,
                sums + column,
                leading: dp,
                accumulate: true
            )
            column += Panels.width
        }
    }
}

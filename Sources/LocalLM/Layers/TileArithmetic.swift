import CTiles

/// How operands of attention's tiles lie in memory, and their products. Counts are in floats; tiles and sums are fp32
/// in either arithmetic, a tile `AttentionTile.stride` floats from row to row.
protocol TileArithmetic {
    /// Room for rows of `width` numbers that are multiplied with panels.
    static func rows(_ count: Int, width: Int) -> Int
    /// Room for panels of so many columns, each of `depth` numbers.
    static func panels(columns: Int, depth: Int) -> Int
    /// Room for a tile of so many rows as a product's first operand, and for what turns it.
    static func rounded(rows: Int) -> Int
    static func turned(rows: Int) -> Int

    /// One row of an operand.
    static func place(
        _ row: UnsafePointer<Float>,
        width: Int,
        at index: Int,
        in operand: UnsafeMutablePointer<Float>
    )
    /// Panels whose columns are the first `columns` rows of x, `depth` numbers each.
    /// - Parameter temporary: as many rows of an operand.
    static func pack(
        columns x: UnsafePointer<Float>,
        leading: Int,
        depth: Int,
        columns: Int,
        into panels: UnsafeMutablePointer<Float>,
        temporary: UnsafeMutablePointer<Float>
    )
    /// Panels of x as it is, `depth` rows of `columns` numbers each.
    static func pack(
        rows x: UnsafePointer<Float>,
        leading: Int,
        depth: Int,
        columns: Int,
        into panels: UnsafeMutablePointer<Float>,
        temporary: UnsafeMutablePointer<Float>
    )
    /// The same of an operand's rows.
    static func pack(
        operand: UnsafePointer<Float>,
        depth: Int,
        columns: Int,
        into panels: UnsafeMutablePointer<Float>
    )

    /// tile = A B, whole panels of columns, of which `columns` are wanted.
    static func multiply(
        _ a: UnsafePointer<Float>,
        rows: Int,
        depth: Int,
        _ panels: UnsafePointer<Float>,
        columns: Int,
        into tile: UnsafeMutablePointer<Float>
    )
    /// A tile, once it is what the two below multiply.
    static func round(
        _ tile: UnsafePointer<Float>,
        rows: Int,
        columns: Int,
        into rounded: UnsafeMutablePointer<Float>
    )
    /// sums (rows x columns) += tile B, of B's `depth` rows the first `used`.
    static func accumulate(
        _ tile: UnsafePointer<Float>,
        _ rounded: UnsafePointer<Float>,
        rows: Int,
        used: Int,
        _ panels: UnsafePointer<Float>,
        depth: Int,
        columns: Int,
        into sums: UnsafeMutablePointer<Float>
    )
    /// sums (tile's columns x columns) += tile^T B, B as many rows as the tile.
    static func accumulateTransposed(
        _ tile: UnsafePointer<Float>,
        _ rounded: UnsafePointer<Float>,
        turned: UnsafeMutablePointer<Float>,
        rows: Int,
        used: Int,
        _ panels: UnsafePointer<Float>,
        columns: Int,
        into sums: UnsafeMutablePointer<Float>
    )
}

enum AttentionTile {
    /// Keys of a tile: whole panels.
    static let keys = 128
    /// Floats from row to row: not a power of two, whose columns would share a few sets of the cache.
    static let stride = keys + 16
}

/// Fp32: `Block`s of panels of floats.
enum SingleTiles: TileArithmetic {
    static func rows(_ count: Int, width: Int) -> Int { count * width }
    static func panels(columns: Int, depth: Int) -> Int { Panels.count(depth: depth, columns: columns) }
    static func rounded(rows: Int) -> Int { 0 }
    static func turned(rows: Int) -> Int { 0 }

    @inline(__always) static func place(
        _ row: UnsafePointer<Float>,
        width: Int,
        at index: Int,
        in operand: UnsafeMutablePointer<Float>
    ) { (operand + index * width).update(from: row, count: width) }

    @inline(__always) static func pack(
        columns x: UnsafePointer<Float>,
        leading: Int,
        depth: Int,
        columns: Int,
        into panels: UnsafeMutablePointer<Float>,
        temporary: UnsafeMutablePointer<Float>
    ) { Panels.pack(columns: x, leading: leading, depth: depth, columns: columns, into: panels) }

    @inline(__always) static func pack(
        rows x: UnsafePointer<Float>,
        leading: Int,
        depth: Int,
        columns: Int,
        into panels: UnsafeMutablePointer<Float>,
        temporary: UnsafeMutablePointer<Float>
    ) { Panels.pack(rows: x, leading: leading, depth: depth, columns: columns, into: panels) }

    @inline(__always) static func pack(
        operand: UnsafePointer<Float>,
        depth: Int,
        columns: Int,
        into panels: UnsafeMutablePointer<Float>
    ) { Panels.pack(rows: operand, leading: columns, depth: depth, columns: columns, into: panels) }

    @inline(__always) static func multiply(
        _ a: UnsafePointer<Float>,
        rows: Int,
        depth: Int,
        _ panels: UnsafePointer<Float>,
        columns: Int,
        into tile: UnsafeMutablePointer<Float>
    ) {
        for j in stride(from: 0, to: columns, by: Panels.width) {
            block(
                rows,
                depth,
                a,
                (depth, 1),
                panels + j * depth,
                tile + j,
                leading: AttentionTile.stride,
                accumulate: false
            )
        }
    }

    @inline(__always) static func round(
        _ tile: UnsafePointer<Float>,
        rows: Int,
        columns: Int,
        into rounded: UnsafeMutablePointer<Float>
    ) {}

    @inline(__always) static func accumulate(
        _ tile: UnsafePointer<Float>,
        _ rounded: UnsafePointer<Float>,
        rows: Int,
        used: Int,
        _ panels: UnsafePointer<Float>,
        depth: Int,
        columns: Int,
        into sums: UnsafeMutablePointer<Float>
    ) {
        let leading = CausalAttention.roundUp(columns)
        for j in stride(from: 0, to: columns, by: Panels.width) {
            block(
                rows,
                used,
                tile,
                (AttentionTile.stride, 1),
                panels + j * depth,
                sums + j,
                leading: leading,
                accumulate: true
            )
        }
    }

    @inline(__always) static func accumulateTransposed(
        _ tile: UnsafePointer<Float>,
        _ rounded: UnsafePointer<Float>,
        turned: UnsafeMutablePointer<Float>,
        rows: Int,
        used: Int,
        _ panels: UnsafePointer<Float>,
        columns: Int,
        into sums: UnsafeMutablePointer<Float>
    ) {
        let leading = CausalAttention.roundUp(columns)
        for j in stride(from: 0, to: columns, by: Panels.width) {
            block(
                used,
                rows,
                tile,
                (1, AttentionTile.stride),
                panels + j * rows,
                sums + j,
                leading: leading,
                accumulate: true
            )
        }
    }

    @inline(__always) private static func block(
        _ rows: Int,
        _ depth: Int,
        _ a: UnsafePointer<Float>,
        _ strides: (row: Int, step: Int),
        _ panel: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        leading: Int,
        accumulate: Bool
    ) {
        Block.multiply(
            rows: rows,
            columns: Panels.width,
            depth: depth,
            a,
            rowStride: strides.row,
            step: strides.step,
            panel: panel,
            c,
            leading: leading,
            accumulate: accumulate
        )
    }
}

/// Bf16: `PairProduct`s of rounded operands.
enum PairTiles: TileArithmetic {
    static func rows(_ count: Int, width: Int) -> Int { (count * width + 1) / 2 }
    static func panels(columns: Int, depth: Int) -> Int { PairPanels.count(depth: depth, columns: columns) }
    static func rounded(rows: Int) -> Int { rows * AttentionTile.stride / 2 }
    static func turned(rows: Int) -> Int { AttentionTile.keys * PairPanels.depth(rows) / 2 }

    @inline(__always) static func place(
        _ row: UnsafePointer<Float>,
        width: Int,
        at index: Int,
        in operand: UnsafeMutablePointer<Float>
    ) { BFloat16.convert(row, width, into: halves(operand) + index * width) }

    @inline(__always) static func pack(
        columns x: UnsafePointer<Float>,
        leading: Int,
        depth: Int,
        columns: Int,
        into panels: UnsafeMutablePointer<Float>,
        temporary: UnsafeMutablePointer<Float>
    ) {
        for j in 0..<columns { place(x + j * leading, width: depth, at: j, in: temporary) }
        PairPanels.pack(
            columns: halves(temporary),
            leading: depth,
            depth: depth,
            columns: columns,
            into: words(panels)
        )
    }

    @inline(__always) static func pack(
        rows x: UnsafePointer<Float>,
        leading: Int,
        depth: Int,
        columns: Int,
        into panels: UnsafeMutablePointer<Float>,
        temporary: UnsafeMutablePointer<Float>
    ) {
        for p in 0..<depth { place(x + p * leading, width: columns, at: p, in: temporary) }
        pack(operand: temporary, depth: depth, columns: columns, into: panels)
    }

    @inline(__always) static func pack(
        operand: UnsafePointer<Float>,
        depth: Int,
        columns: Int,
        into panels: UnsafeMutablePointer<Float>
    ) {
        PairPanels.pack(rows: halves(operand), leading: columns, depth: depth, columns: columns, into: words(panels))
    }

    @inline(__always) static func multiply(
        _ a: UnsafePointer<Float>,
        rows: Int,
        depth: Int,
        _ panels: UnsafePointer<Float>,
        columns: Int,
        into tile: UnsafeMutablePointer<Float>
    ) {
        PairProduct.multiply(
            rows: rows,
            columns: CausalAttention.roundUp(columns),
            depth: depth,
            halves(a),
            leading: depth,
            panels: words(panels),
            tile,
            leading: AttentionTile.stride,
            accumulate: false
        )
    }

    @inline(__always) static func round(
        _ tile: UnsafePointer<Float>,
        rows: Int,
        columns: Int,
        into rounded: UnsafeMutablePointer<Float>
    ) {
        for r in 0..<rows {
            BFloat16.convert(tile + r * AttentionTile.stride, columns, into: halves(rounded) + r * AttentionTile.stride)
        }
    }

    @inline(__always) static func accumulate(
        _ tile: UnsafePointer<Float>,
        _ rounded: UnsafePointer<Float>,
        rows: Int,
        used: Int,
        _ panels: UnsafePointer<Float>,
        depth: Int,
        columns: Int,
        into sums: UnsafeMutablePointer<Float>
    ) {
        PairProduct.multiply(
            rows: rows,
            columns: CausalAttention.roundUp(columns),
            depth: used,
            halves(rounded),
            leading: AttentionTile.stride,
            panels: words(panels),
            panelStride: PairPanels.words(depth: depth),
            sums,
            leading: CausalAttention.roundUp(columns),
            accumulate: true
        )
    }

    @inline(__always) static func accumulateTransposed(
        _ tile: UnsafePointer<Float>,
        _ rounded: UnsafePointer<Float>,
        turned: UnsafeMutablePointer<Float>,
        rows: Int,
        used: Int,
        _ panels: UnsafePointer<Float>,
        columns: Int,
        into sums: UnsafeMutablePointer<Float>
    ) {
        let leading = PairPanels.depth(rows)
        ctiles_transpose(halves(rounded), AttentionTile.stride, rows, used, halves(turned), leading)
        PairProduct.multiply(
            rows: used,
            columns: CausalAttention.roundUp(columns),
            depth: rows,
            halves(turned),
            leading: leading,
            panels: words(panels),
            sums,
            leading: CausalAttention.roundUp(columns),
            accumulate: true
        )
    }

    @inline(__always) private static func halves(_ x: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(x).assumingMemoryBound(to: UInt16.self)
    }
    @inline(__always) private static func halves(_ x: UnsafePointer<Float>) -> UnsafePointer<UInt16> {
        UnsafeRawPointer(x).assumingMemoryBound(to: UInt16.self)
    }
    @inline(__always) private static func words(_ x: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt32> {
        UnsafeMutableRawPointer(x).assumingMemoryBound(to: UInt32.self)
    }
    @inline(__always) private static func words(_ x: UnsafePointer<Float>) -> UnsafePointer<UInt32> {
        UnsafeRawPointer(x).assumingMemoryBound(to: UInt32.self)
    }
}

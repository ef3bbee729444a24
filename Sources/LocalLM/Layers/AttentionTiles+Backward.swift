extension AttentionTiles {
    /// With P = exp(S - log sum exp), made again tile by tile, and D = rowsum(dO O): dV = P^T dO; dP = dO V^T; dS = P
    /// (dP - D) scale, with a softcap also times 1 - tanh^2; dQ = dS K; dK = dS^T Q.
    ///
    /// Queries go in the outer loop, so that dQ is made in place; dK and dV of one key-value head add up in scratch.
    /// Arguments as in `CausalAttention.backward`.
    func backward(
        _ s: PackedBatch.Sequence,
        _ dOut: UnsafePointer<Float>,
        _ qkv: UnsafePointer<Float>,
        out: ActivationRows,
        logSumExp: UnsafePointer<Float>,
        into dQKV: UnsafeMutablePointer<Float>,
        earlier: CausalAttention.Earlier? = nil,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let stride = layer.rowWidth, wide = layer.outputWidth, group = layer.group, x = Scratch(self, at: scratch)
        for kv in 0..<layer.keyValueHeads {
            pack(s, qkv, earlier?.rows, kv, x)
            x.dK.update(repeating: 0, count: slots * dp)
            x.dV.update(repeating: 0, count: slots * dp)
            var first = 0
            while first < queries {
                let n = min(queryBlock, queries - first), rows = n * group, column = kv * group * d
                let positions = prefix + first..<prefix + first + n, row = s.start + first
                gather(qkv + row * stride + column, leading: stride, queries: n, into: x.q)
                gather(dOut + row * wide + column, leading: wide, queries: n, into: x.dO)
                Arithmetic.pack(operand: x.q, depth: rows, columns: d, into: x.queryRows)
                Arithmetic.pack(operand: x.dO, depth: rows, columns: d, into: x.outputRows)
                x.sums.update(repeating: 0, count: rows * dp)
                for i in 0..<rows {
                    let head = kv * group + i / n, place = (row + i % n) * wide + head * d
                    x.peaks[i] = logSumExp[(row + i % n) * layer.heads + head]
                    x.totals[i] = out.dot(dOut + place, d, at: place, scratch: x.p)
                }
                for index in 0..<blockCount {
                    let block = block(index), limit = seen(block, by: positions)
                    if limit > 0 { tile(block, limit, rows: rows, queries: n, positions, x) }
                }
                for i in 0..<rows {
                    let to = dQKV + (row + i % n) * stride + column + i / n * d
                    to.update(from: x.sums + i * dp, count: d)
                }
                first += n
            }
            unload(s, kv, dK: x.dK, dV: x.dV, into: dQKV, earlier: earlier?.gradient)
        }
    }

    /// What one tile gives to dQ, dK and dV.
    private func tile(_ block: Block, _ limit: Int, rows: Int, queries n: Int, _ positions: Range<Int>, _ x: Scratch) {
        let width = CausalAttention.roundUp(limit)
        Arithmetic.multiply(x.q, rows: rows, depth: d, x.columns(x.keys, block, d), columns: limit, into: x.p)
        Arithmetic.multiply(x.dO, rows: rows, depth: d, x.columns(x.values, block, d), columns: limit, into: x.dS)
        for i in 0..<rows {
            let (from, to) = visible(block, at: positions.lowerBound + i % n)
            ScoreRow.gradient(
                x.p + i * AttentionTile.stride,
                x.dS + i * AttentionTile.stride,
                from..<max(from, to),
                of: width,
                scale: layer.scale,
                softcap: layer.softcap,
                logSumExp: x.peaks[i],
                mean: x.totals[i]
            )
        }
        Arithmetic.round(x.p, rows: rows, columns: width, into: x.roundedP)
        Arithmetic.round(x.dS, rows: rows, columns: width, into: x.roundedDS)
        Arithmetic.accumulate(
            x.dS,
            x.roundedDS,
            rows: rows,
            used: limit,
            x.rows(x.keyRows, block, d),
            depth: block.count,
            columns: d,
            into: x.sums
        )
        Arithmetic.accumulateTransposed(
            x.dS,
            x.roundedDS,
            turned: x.turned,
            rows: rows,
            used: limit,
            x.queryRows,
            columns: d,
            into: x.dK + block.slot * dp
        )
        Arithmetic.accumulateTransposed(
            x.p,
            x.roundedP,
            turned: x.turned,
            rows: rows,
            used: limit,
            x.outputRows,
            columns: d,
            into: x.dV + block.slot * dp
        )
    }

    private func pack(
        _ s: PackedBatch.Sequence,
        _ qkv: UnsafePointer<Float>,
        _ earlier: UnsafePointer<Float>?,
        _ kv: Int,
        _ x: Scratch
    ) {
        for index in 0..<blockCount {
            let block = block(index), (first, stride) = self.keys(of: block, s, qkv, earlier)
            let k = first + kv * d, v = k + layer.keyValueHeads * d, count = block.count
            Arithmetic.pack(
                columns: k,
                leading: stride,
                depth: d,
                columns: count,
                into: x.columns(x.keys, block, d),
                temporary: x.temporary
            )
            Arithmetic.pack(
                columns: v,
                leading: stride,
                depth: d,
                columns: count,
                into: x.columns(x.values, block, d),
                temporary: x.temporary
            )
            Arithmetic.pack(
                rows: k,
                leading: stride,
                depth: count,
                columns: d,
                into: x.rows(x.keyRows, block, d),
                temporary: x.temporary
            )
        }
    }

    /// The sequence's own keys and values get their gradient, those of a prefix some more.
    private func unload(
        _ s: PackedBatch.Sequence,
        _ kv: Int,
        dK: UnsafePointer<Float>,
        dV: UnsafePointer<Float>,
        into dQKV: UnsafeMutablePointer<Float>,
        earlier: UnsafeMutablePointer<Float>?
    ) {
        for index in 0..<blockCount {
            let block = block(index), (first, stride) = keys(of: block, s, dQKV, earlier)
            for j in 0..<block.count {
                let k = UnsafeMutablePointer(mutating: first) + j * stride + kv * d
                let v = k + layer.keyValueHeads * d, slot = (block.slot + j) * dp
                if block.isPrefix {
                    VectorMath.add(k, dK + slot, d)
                    VectorMath.add(v, dV + slot, d)
                } else {
                    k.update(from: dK + slot, count: d)
                    v.update(from: dV + slot, count: d)
                }
            }
        }
    }
}

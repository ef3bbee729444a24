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
        out: UnsafePointer<Float>,
        logSumExp: UnsafePointer<Float>,
        into dQKV: UnsafeMutablePointer<Float>,
        earlier: CausalAttention.Earlier? = nil,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let stride = layer.rowWidth, wide = layer.outputWidth, group = layer.group
        let keys = scratch, values = keys + slots * d, keyRows = values + slots * d
        let dK = keyRows + slots * dp, dV = dK + slots * dp, q = dV + slots * dp, dO = q + stack * d
        let queryRows = dO + stack * d, outputRows = queryRows + stack * dp, dQ = outputRows + stack * dp
        let p = dQ + stack * dp, dS = p + stack * Self.tileStride
        let logSums = dS + stack * Self.tileStride, means = logSums + stack
        for kv in 0..<layer.keyValueHeads {
            pack(s, qkv, earlier?.rows, kv, keys: keys, values: values, keyRows: keyRows)
            dK.update(repeating: 0, count: 2 * slots * dp)
            var first = 0
            while first < queries {
                let n = min(queryBlock, queries - first), rows = n * group, column = kv * group * d
                let positions = prefix + first..<prefix + first + n, row = s.start + first
                gather(qkv + row * stride + column, leading: stride, queries: n, into: q)
                gather(dOut + row * wide + column, leading: wide, queries: n, into: dO)
                Panels.pack(rows: q, leading: d, depth: rows, columns: d, into: queryRows)
                Panels.pack(rows: dO, leading: d, depth: rows, columns: d, into: outputRows)
                dQ.update(repeating: 0, count: rows * dp)
                for i in 0..<rows {
                    let head = kv * group + i / n
                    logSums[i] = logSumExp[(row + i % n) * layer.heads + head]
                    means[i] = VectorMath.dot(dO + i * d, out + (row + i % n) * wide + head * d, d)
                }
                for index in 0..<blockCount {
                    let block = block(index), limit = seen(block, by: positions)
                    guard limit > 0 else { continue }
                    let width = products(q, rows: rows, keys + block.slot * d, columns: limit, into: p)
                    _ = products(dO, rows: rows, values + block.slot * d, columns: limit, into: dS)
                    for i in 0..<rows {
                        let (from, to) = visible(block, at: positions.lowerBound + i % n)
                        ScoreRow.gradient(
                            p + i * Self.tileStride,
                            dS + i * Self.tileStride,
                            from..<max(from, to),
                            of: width,
                            scale: layer.scale,
                            softcap: layer.softcap,
                            logSumExp: logSums[i],
                            mean: means[i]
                        )
                    }
                    accumulate(dS, rows: rows, depth: limit, keyRows + block.slot * dp, block.count, into: dQ)
                    accumulateTransposed(dS, keys: limit, rows: rows, queryRows, into: dK + block.slot * dp)
                    accumulateTransposed(p, keys: limit, rows: rows, outputRows, into: dV + block.slot * dp)
                }
                for i in 0..<rows {
                    let to = dQKV + (row + i % n) * stride + column + i / n * d
                    to.update(from: dQ + i * dp, count: d)
                }
                first += n
            }
            unload(s, kv, dK: dK, dV: dV, into: dQKV, earlier: earlier?.gradient)
        }
    }

    private func pack(
        _ s: PackedBatch.Sequence,
        _ qkv: UnsafePointer<Float>,
        _ earlier: UnsafePointer<Float>?,
        _ kv: Int,
        keys: UnsafeMutablePointer<Float>,
        values: UnsafeMutablePointer<Float>,
        keyRows: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<blockCount {
            let block = block(index), (first, stride) = self.keys(of: block, s, qkv, earlier)
            let k = first + kv * d, v = k + layer.keyValueHeads * d, count = block.count
            Panels.pack(columns: k, leading: stride, depth: d, columns: count, into: keys + block.slot * d)
            Panels.pack(columns: v, leading: stride, depth: d, columns: count, into: values + block.slot * d)
            Panels.pack(rows: k, leading: stride, depth: count, columns: d, into: keyRows + block.slot * dp)
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

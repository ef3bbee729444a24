/// One layer, its forward pass next to its backward pass: x' = x + Wo attention(rope(Wqkv norm(x))), x'' = x' + Wdown
/// gated(Wgateup norm(x')).
///
/// By family queries and keys have biases or norms of their own, and what is added to x passes a norm first.
extension TransformerShard {
    /// - Parameter next: where x'' goes; nil where the layer is only done again for its activations.
    func forward(layer index: Int, into next: FloatBuffer?) {
        let c = configuration, n = batch.tokenCount, w = bank.weights
        let a = layers[index], p = bank.layers[index], offsets = bank.weights.layout.layers[index],
            attention = attentions[index]
        norm.forward(
            a.input.pointer,
            weight: w.vector(offsets.input),
            rows: n,
            into: operand(a.normed),
            rstd: a.rstd.pointer
        )
        forward(p.queryKeyValue, a.normed, rows: n, into: a.qkv)
        if let bias = offsets.bias {
            let bias = w.vector(bias)
            for row in 0..<n {
                VectorMath.add(a.qkv.pointer + row * c.attentionRowWidth, bias, c.attentionRowWidth)
            }
        }
        if let query = offsets.query, let key = offsets.key {
            normalizeHeads(a, query: w.vector(query), key: w.vector(key))
        }
        rotate(a.qkv.pointer, backward: false)
        exchangeKeys(layer: index)
        var probability = a.probabilities.pointer
        for sequence in batch.sequences {
            attention.forward(
                sequence,
                a.qkv.pointer,
                into: operand(a.attended),
                logSumExp: a.logSumExp.pointer,
                probabilities: keepsProbabilities ? probability : nil,
                earlier: earlier,
                scratch: attentionScratch.pointer
            )
            probability += attention.probabilityCount(sequence)
        }
        // Only the target rows pass beyond the last attention.
        var rows = n, residual = a.input.pointer
        if index + 1 == layers.count {
            rows = batch.targetCount
            residual = dNormed.pointer
            keepTargets(of: operand(a.attended), width: c.queryWidth)
            keepTargets(of: a.input.pointer, width: c.hiddenSize, in: residual)
        }
        add(
            p.output,
            of: a.attended,
            to: residual,
            rows: rows,
            into: a.middle,
            branch: a.attentionBranch,
            rstd: a.attentionRstd,
            post: offsets.attentionPost
        )
        norm.forward(
            a.middle.pointer,
            weight: w.vector(offsets.middle),
            rows: rows,
            into: operand(a.middleNormed),
            rstd: a.middleRstd.pointer
        )
        if let feedForward {
            feedForward.forward(
                p.gateUp,
                a.middleNormed.halves,
                rows: rows,
                into: a.gateUp.halves,
                activation: a.activation.halves
            )
        } else {
            forward(p.gateUp, a.middleNormed, rows: rows, into: a.gateUp)
            activate(a, rows: rows)
        }
        guard let next else { return }
        add(
            p.down,
            of: a.activation,
            to: a.middle.pointer,
            rows: rows,
            into: next,
            branch: a.feedForwardBranch,
            rstd: a.feedForwardRstd,
            post: offsets.feedForwardPost
        )
    }

    private func activate(_ a: LayerActivations, rows: Int) {
        if let feedForward { return feedForward.activate(a.gateUp.halves, rows: rows, into: a.activation.halves) }
        GatedUnit.forward(
            configuration.activation,
            a.gateUp.pointer,
            rows: rows,
            width: configuration.intermediateSize,
            into: a.activation.pointer
        )
    }

    /// `sum` = residual + W x, or residual + norm(W x) where the family has post-norms.
    private func add(
        _ p: Projection,
        of x: FloatBuffer,
        to residual: UnsafePointer<Float>,
        rows: Int,
        into sum: FloatBuffer,
        branch: FloatBuffer,
        rstd: FloatBuffer,
        post: Int?
    ) {
        let count = rows * configuration.hiddenSize
        if let post {
            forward(p, x, rows: rows, into: branch)
            norm.forward(
                branch.pointer,
                weight: bank.weights.vector(post),
                rows: rows,
                into: sum.pointer,
                rstd: rstd.pointer
            )
            VectorMath.add(sum.pointer, residual, count)
        } else {
            sum.pointer.update(from: residual, count: count)
            forward(p, x, rows: rows, into: sum, accumulate: true)
        }
    }

    /// dx: the gradient of x'' on the way in, of x on the way out.
    func backward(layer index: Int) {
        let c = configuration, n = batch.tokenCount
        let a = layers[index], p = bank.layers[index], offsets = bank.weights.layout.layers[index],
            attention = attentions[index]
        let isLast = index + 1 == layers.count
        // The target rows keep, in their sums, the groups that they would have among all rows.
        let rows = isLast ? batch.targetCount : n, slices = isLast ? targetSlices : [0..<n]
        if !isLast { recompute(layer: index) }

        // x'' = x' + Wdown gated
        let dDown = branchGradient(a.feedForwardBranch, a.feedForwardRstd, rows: rows, post: offsets.feedForwardPost)
        if let feedForward {
            feedForward.backward(
                p,
                dDown.pointer,
                a.middleNormed.halves,
                rows: rows,
                gateUp: a.gateUp.halves,
                activation: a.activation.halves,
                into: dNormed.pointer
            ) { p, dy, x in
                gradients?.add { g in
                    for slice in slices where rows > 0 {
                        products.backwardWeight(
                            p,
                            halves: dy + slice.lowerBound * p.outputs,
                            x + slice.lowerBound * p.inputs,
                            rows: slice.count,
                            into: g + p.offset
                        )
                    }
                }
            }
        } else {
            backward(p.down, dDown, a.activation, rows: rows, slices, into: dNarrow)
            GatedUnit.backward(
                c.activation,
                dNarrow.pointer,
                a.gateUp.pointer,
                rows: rows,
                width: c.intermediateSize,
                into: dWide.pointer
            )
            backward(p.gateUp, dWide, a.middleNormed, rows: rows, slices, into: dNormed)
        }
        backwardNorm(
            norm,
            dNormed.pointer,
            a.middle.pointer,
            offsets.middle,
            a.middleRstd.pointer,
            rows: rows,
            addingTo: dx.pointer
        )

        // x' = x + Wo attention
        let dOutput = branchGradient(a.attentionBranch, a.attentionRstd, rows: rows, post: offsets.attentionPost)
        backward(p.output, dOutput, a.attended, rows: rows, slices, into: dNarrow)
        if isLast {
            spreadTargets(in: operand(a.attended), width: c.queryWidth)
            spreadTargets(in: dNarrow.pointer, width: c.queryWidth)
            spreadTargets(in: dx.pointer, width: c.hiddenSize)
        }
        var probability = a.probabilities.pointer
        if memory != .checkpoint { takeKeys(layer: index) }  // `forward` has just done so
        earlierGradient.fill(0)
        for sequence in batch.sequences {
            attention.backward(
                sequence,
                dNarrow.pointer,
                a.qkv.pointer,
                out: operand(a.attended),
                logSumExp: a.logSumExp.pointer,
                probabilities: keepsProbabilities ? probability : nil,
                into: dWide.pointer,
                earlier: earlier,
                scratch: attentionScratch.pointer
            )
            probability += attention.probabilityCount(sequence)
        }
        exchangeGradients()
        rotate(dWide.pointer, backward: true)
        if let query = offsets.query, let key = offsets.key { backwardHeads(a, query: query, key: key) }
        if let bias = offsets.bias {
            gradients?.add { g in
                for row in 0..<n {
                    VectorMath.add(g + bias, dWide.pointer + row * c.attentionRowWidth, c.attentionRowWidth)
                }
            }
        }
        backward(p.queryKeyValue, dWide, a.normed, rows: n, [0..<n], into: dNormed)
        backwardNorm(
            norm,
            dNormed.pointer,
            a.input.pointer,
            offsets.input,
            a.rstd.pointer,
            rows: n,
            addingTo: dx.pointer
        )
    }

    /// Brings back what the forward pass did not keep.
    private func recompute(layer index: Int) {
        let c = configuration, n = batch.tokenCount, w = bank.weights, a = layers[index],
            offsets = bank.weights.layout.layers[index]
        switch memory {
        case .keep: return
        case .compact:
            norm.forward(
                a.input.pointer,
                weight: w.vector(offsets.input),
                rows: n,
                into: operand(a.normed),
                rstd: a.rstd.pointer
            )
            norm.forward(
                a.middle.pointer,
                weight: w.vector(offsets.middle),
                rows: n,
                into: operand(a.middleNormed),
                rstd: a.middleRstd.pointer
            )
            activate(a, rows: n)
        case .checkpoint: forward(layer: index, into: c.hasPostNorms ? layers[index + 1].input : nil)
        }
    }

    /// The gradient of W x in x + norm(W x); of x + W x it is dx itself.
    private func branchGradient(_ branch: FloatBuffer, _ rstd: FloatBuffer, rows: Int, post: Int?) -> FloatBuffer {
        guard let post else { return dx }
        dBranch.pointer.update(repeating: 0, count: rows * configuration.hiddenSize)
        backwardNorm(norm, dx.pointer, branch.pointer, post, rstd.pointer, rows: rows, addingTo: dBranch.pointer)
        return dBranch
    }

    // MARK: Norms of queries and keys

    private func normalizeHeads(_ a: LayerActivations, query: UnsafePointer<Float>, key: UnsafePointer<Float>) {
        let c = configuration, heads = c.headCount + c.keyValueHeadCount, width = heads * c.headDimension
        for row in 0..<batch.tokenCount {
            let x = a.qkv.pointer + row * c.attentionRowWidth, raw = a.rawHeads.pointer + row * width,
                rstd = a.headRstd.pointer + row * heads
            raw.update(from: x, count: width)
            headNorm.forward(raw, weight: query, rows: c.headCount, into: x, rstd: rstd)
            headNorm.forward(
                raw + c.queryWidth,
                weight: key,
                rows: c.keyValueHeadCount,
                into: x + c.queryWidth,
                rstd: rstd + c.headCount
            )
        }
    }

    private func backwardHeads(_ a: LayerActivations, query: Int, key: Int) {
        addGradient { backwardHeads(a, query: query, key: key, into: $0) }
    }

    private func backwardHeads(_ a: LayerActivations, query: Int, key: Int, into g: UnsafeMutablePointer<Float>?) {
        let c = configuration, heads = c.headCount + c.keyValueHeadCount, width = heads * c.headDimension
        let w = bank.weights, dRaw = headScratch.pointer
        for row in 0..<batch.tokenCount {
            let dy = dWide.pointer + row * c.attentionRowWidth, raw = a.rawHeads.pointer + row * width,
                rstd = a.headRstd.pointer + row * heads
            dRaw.update(repeating: 0, count: width)
            headNorm.backward(
                dy,
                raw,
                weight: w.vector(query),
                rstd: rstd,
                rows: c.headCount,
                addingTo: dRaw,
                g.map { $0 + query }
            )
            headNorm.backward(
                dy + c.queryWidth,
                raw + c.queryWidth,
                weight: w.vector(key),
                rstd: rstd + c.headCount,
                rows: c.keyValueHeadCount,
                addingTo: dRaw + c.queryWidth,
                g.map { $0 + key }
            )
            dy.update(from: dRaw, count: width)
        }
    }

    private func rotate(_ qkv: UnsafeMutablePointer<Float>, backward: Bool) {
        let heads = configuration.headCount + configuration.keyValueHeadCount
        for sequence in batch.sequences {
            for t in 0..<sequence.length {
                rotary.apply(
                    qkv + (sequence.start + t) * configuration.attentionRowWidth,
                    heads: heads,
                    position: sequence.position + t,
                    backward: backward
                )
            }
        }
    }
}

import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// Attention in tiles against the same with whole rows of scores, which `LayerGradientTests` hold against its
/// definition and against finite differences.
@Suite struct AttentionTileTests {
    private typealias Values = [Float]
    private typealias Sequence = PackedBatch.Sequence

    private static func random(_ count: Int, seed: UInt64, deviation: Double = 1) -> Values {
        var random = RandomStream(key: seed)
        return (0..<count).map { _ in Float(deviation * random.normal()) }
    }

    /// The farthest that two values are apart; not a number counts as far.
    private static func distance<A: Collection<Float>, B: Collection<Float>>(_ a: A, _ b: B) -> Float {
        zip(a, b).reduce(a.count == b.count ? 0 : .infinity) {
            let apart = abs($1.0 - $1.1)
            return apart.isNaN ? .infinity : max($0, apart)
        }
    }

    /// Outputs and the gradient of all rows, sequence by sequence in tiles.
    private func tiles(_ layer: CausalAttention, _ sequences: [Sequence], _ x: Values, _ dy: Values) -> (
        out: Values, gradient: Values
    ) { tiles(SingleTiles.self, layer, sequences, x, dy) }

    private func tiles<Arithmetic: TileArithmetic>(
        _: Arithmetic.Type,
        _ layer: CausalAttention,
        _ sequences: [Sequence],
        _ x: Values,
        _ dy: Values,
        isHalf: Bool = false
    ) -> (out: Values, gradient: Values) {
        let buffer = FloatBuffer(count: dy.count),
            out = isHalf ? ActivationRows.half(buffer.halves) : .single(buffer.pointer)
        buffer.fill(.nan)
        var gradient = Values(repeating: .nan, count: x.count)
        var sums = Values(repeating: .nan, count: x.count / layer.rowWidth * layer.heads)
        let tiles = sequences.map { AttentionTiles<Arithmetic>(layer, queries: $0.length, prefix: $0.position) }
        var scratch = Values(repeating: .nan, count: tiles.map(\.scratchCount).max()!)
        for (s, tile) in zip(sequences, tiles) {
            tile.forward(s, x, into: out, logSumExp: &sums, scratch: &scratch)
        }
        for (s, tile) in zip(sequences, tiles) {
            tile.backward(s, dy, x, out: out, logSumExp: sums, into: &gradient, scratch: &scratch)
        }
        let values = isHalf ? (0..<dy.count).map { BFloat16.widened(buffer.halves[$0]) } : buffer.values
        return (values, gradient)
    }

    /// Likewise of one sequence, with whole rows of scores.
    private func whole(_ layer: CausalAttention, _ x: Values, _ dy: Values) -> (out: Values, gradient: Values) {
        let t = x.count / layer.rowWidth
        var out = Values(repeating: .nan, count: dy.count), gradient = Values(repeating: .nan, count: x.count)
        var scratch = Values(repeating: .nan, count: layer.wholeScratchCount(length: t))
        layer.wholeForward(x, length: t, into: &out, probabilities: nil, scratch: &scratch)
        layer.wholeBackward(dy, x, probabilities: nil, length: t, into: &gradient, scratch: &scratch)
        return (out, gradient)
    }

    private static let shapes = [(2, 1, 16), (3, 3, 40), (6, 2, 64), (2, 2, 80), (4, 1, 128), (2, 1, 256), (40, 1, 8)]
    private static let masks: [(Int?, Float?)] = [(nil, nil), (1, nil), (5, nil), (200, 1.5), (nil, 2)]

    private static func layer(
        _ shape: (heads: Int, keyValueHeads: Int, dimension: Int),
        _ mask: (window: Int?, softcap: Float?),
        _ precision: Precision = .fp32
    ) -> CausalAttention {
        CausalAttention(
            heads: shape.heads,
            keyValueHeads: shape.keyValueHeads,
            headDimension: shape.dimension,
            window: mask.window,
            softcap: mask.softcap,
            precision: precision
        )
    }

    @Test(arguments: shapes, masks) func tilesAreTheWholeMatrix(
        shape: (heads: Int, keyValueHeads: Int, dimension: Int),
        mask: (window: Int?, softcap: Float?)
    ) {
        let layer = Self.layer(shape, mask)
        // All edges of blocks of queries and keys on a small shape; of the others some.
        let lengths =
            shape.dimension == 16 ? [1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1000] : [33, 300]
        for t in lengths {
            let x = Self.random(t * layer.rowWidth, seed: 1, deviation: 0.8)
            let dy = Self.random(t * layer.outputWidth, seed: 2)
            let a = tiles(layer, [Sequence(length: t)], x, dy), b = whole(layer, x, dy)
            #expect(Self.distance(a.out, b.out) < 1e-5, "\(t) tokens")
            #expect(Self.distance(a.gradient, b.gradient) < 1e-4, "\(t) tokens")
        }
    }

    /// In bf16 the same but for operands of 8 bits: queries, keys, values, probabilities and gradients.
    @Test(arguments: shapes, masks) func tilesInBFloat16AreTheSameRounded(
        shape: (heads: Int, keyValueHeads: Int, dimension: Int),
        mask: (window: Int?, softcap: Float?)
    ) {
        let layer = Self.layer(shape, mask, .bf16)
        for t in shape.dimension == 16 ? [1, 33, 127, 128, 129, 300, 513] : [33, 300] {
            let x = Self.random(t * layer.rowWidth, seed: 1, deviation: 0.8)
            let dy = Self.random(t * layer.outputWidth, seed: 2)
            let a = tiles(PairTiles.self, layer, [Sequence(length: t)], x, dy), b = whole(layer, x, dy)
            #expect(Self.difference(a.out, b.out) < 0.006, "\(t) tokens")
            #expect(Self.difference(a.gradient, b.gradient) < 0.012, "\(t) tokens")
            // With outputs that are kept rounded.
            let half = tiles(PairTiles.self, layer, [Sequence(length: t)], x, dy, isHalf: true)
            #expect(half.out == a.out.map { BFloat16.widened(BFloat16.rounded($0)) }, "\(t) tokens")
            #expect(Self.difference(half.gradient, b.gradient) < 0.012, "\(t) tokens")
        }
    }

    /// A row's output does not depend on where its sequence is cut into blocks of queries.
    @Test func aRowInBFloat16IsItsOwn() {
        let layer = CausalAttention(heads: 6, keyValueHeads: 2, headDimension: 64, precision: .bf16), t = 300
        let x = Self.random(t * layer.rowWidth, seed: 9), dy = Self.random(t * layer.outputWidth, seed: 10)
        let all = tiles(PairTiles.self, layer, [Sequence(length: t)], x, dy)
        let part = tiles(
            PairTiles.self,
            layer,
            [Sequence(length: 200)],
            Array(x[..<(200 * layer.rowWidth)]),
            Array(dy[..<(200 * layer.outputWidth)])
        )
        #expect(part.out[...] == all.out[..<(200 * layer.outputWidth)])
    }

    /// Root of the mean square of the differences, over that of the second.
    private static func difference(_ a: Values, _ b: Values) -> Float {
        let apart = zip(a, b).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return (apart / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }

    /// A branch sees its prefix and itself, as if they were one sequence; the prefix gets the gradients of both.
    @Test(arguments: masks, [(1, 1, 1), (40, 9, 30), (128, 128, 5), (200, 33, 140), (64, 300, 200)])
    func aBranchIsASequenceOfItsOwn(
        mask: (window: Int?, softcap: Float?),
        lengths: (prefix: Int, first: Int, second: Int)
    ) {
        let layer = CausalAttention(
            heads: 4,
            keyValueHeads: 2,
            headDimension: 24,
            window: mask.window,
            softcap: mask.softcap
        )
        let (p, n, m) = lengths, width = layer.rowWidth, out = layer.outputWidth
        let x = Self.random((p + n + m) * width, seed: 3, deviation: 0.8)
        let dy = Self.random((p + n + m) * out, seed: 4)
        let both = tiles(
            layer,
            [Sequence(length: p + n), Sequence(start: p + n, length: m, prefix: 0..<p)],
            x,
            dy
        )
        let first = whole(layer, Array(x[..<((p + n) * width)]), Array(dy[..<((p + n) * out)]))
        // The second by itself: what the loss asks of the prefix's own outputs counts once.
        let second = whole(
            layer,
            Array(x[..<(p * width)] + x[((p + n) * width)...]),
            Values(repeating: 0, count: p * out) + dy[((p + n) * out)...]
        )
        #expect(Self.distance(both.out[..<((p + n) * out)], first.out[...]) < 1e-5)
        #expect(Self.distance(both.out[((p + n) * out)...], second.out[(p * out)...]) < 1e-5)
        let prefix = zip(first.gradient[..<(p * width)], second.gradient[..<(p * width)]).map { $0 + $1 }
        let own = first.gradient[(p * width)...] + second.gradient[(p * width)...]
        #expect(Self.distance(both.gradient, prefix + own) < 1e-4)
    }

    @Test func scoresOfTenThousandDoNotOverflow() {
        let layer = CausalAttention(heads: 2, keyValueHeads: 1, headDimension: 16, scale: 1), t = 200
        var x = Self.random(t * layer.rowWidth, seed: 5)
        for i in 0..<t { for j in 0..<48 { x[i * layer.rowWidth + j] *= 50 } }  // queries and keys
        let dy = Self.random(t * layer.outputWidth, seed: 6)
        let a = tiles(layer, [Sequence(length: t)], x, dy), b = whole(layer, x, dy)
        #expect(Self.distance(a.out, b.out) < 1e-2)
        #expect(a.gradient.allSatisfy { $0.isFinite })
        let size = b.gradient.map(abs).max()!
        #expect(Self.distance(a.gradient, b.gradient) < 1e-2 * size)
    }

    /// A sequence's place in the batch, and what its scratch held before, change nothing.
    @Test func neighboursDoNotChangeABit() {
        let layer = CausalAttention(heads: 4, keyValueHeads: 2, headDimension: 24), t = 150
        let x = Self.random(t * layer.rowWidth, seed: 7), dy = Self.random(t * layer.outputWidth, seed: 8)
        let alone = tiles(layer, [Sequence(length: t)], x, dy)
        let before = Self.random(70 * layer.rowWidth, seed: 9), dBefore = Self.random(70 * layer.outputWidth, seed: 10)
        let both = tiles(
            layer,
            [Sequence(length: 70), Sequence(start: 70, length: t)],
            before + x,
            dBefore + dy
        )
        #expect(both.out[(70 * layer.outputWidth)...] == alone.out[...])
        #expect(both.gradient[(70 * layer.rowWidth)...] == alone.gradient[...])
    }

    /// What the length decides: up to 512 tokens the bits are those of the whole matrix, which nurseries train with.
    @Test func shortSequencesKeepTheirBits() {
        let layer = CausalAttention(heads: 2, keyValueHeads: 1, headDimension: 8)
        #expect(!layer.usesTiles(Sequence(length: 512)) && layer.usesTiles(Sequence(length: 513)))
        #expect(layer.probabilityCount(Sequence(length: 513)) == 0)
        for t in [512, 513] {
            let s = Sequence(length: t), x = Self.random(t * layer.rowWidth, seed: 11)
            let dy = Self.random(t * layer.outputWidth, seed: 12)
            let buffer = FloatBuffer(count: dy.count), out = ActivationRows.single(buffer.pointer)
            var gradient = Values(repeating: .nan, count: x.count)
            var sums = Values(repeating: .nan, count: t * layer.heads)
            var scratch = Values(repeating: .nan, count: layer.scratchCount(s))
            layer.forward(s, x, into: out, logSumExp: &sums, probabilities: nil, scratch: &scratch)
            layer.backward(
                s,
                dy,
                x,
                out: out,
                logSumExp: sums,
                probabilities: nil,
                into: &gradient,
                scratch: &scratch
            )
            let expected = t == 512 ? whole(layer, x, dy) : tiles(layer, [s], x, dy)
            #expect(buffer.values == expected.out && gradient == expected.gradient)
        }
    }
}

import Foundation
import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// Every layer's backward pass by itself, against central finite differences of its forward pass.
@Suite struct LayerGradientTests {
    private typealias Values = [Float]

    private static func random(_ count: Int, seed: UInt64, deviation: Double = 1) -> Values {
        var random = RandomStream(key: seed)
        return (0..<count).map { _ in Float(deviation * random.normal()) }
    }

    /// With L(x) = dy . f(x): the derivative along a random direction, and along single coordinates, against
    /// `gradient`.
    private func check(
        _ name: String,
        at x: Values,
        gradient: Values,
        dy: Values,
        step h: Float = 2e-3,
        _ f: (Values) -> Values
    ) {
        #expect(
            x.count == gradient.count && gradient.contains { abs($0) > 1e-3 },
            "\(name): a gradient of this size that is not zero"
        )
        func derivative(along direction: Values) -> Double {
            func loss(_ sign: Float) -> Double {
                zip(f(zip(x, direction).map { $0 + sign * h * $1 }), dy).reduce(0.0) {
                    $0 + Double($1.0) * Double($1.1)
                }
            }
            return (loss(1) - loss(-1)) / (2 * Double(h))
        }
        var directions = [Self.random(x.count, seed: 90, deviation: 1 / Double(x.count).squareRoot())]
        var random = RandomStream(key: 91)
        for _ in 0..<12 {
            var unit = Values(repeating: 0, count: x.count)
            unit[random.integer(below: x.count)] = 1
            directions.append(unit)
        }
        let size = gradient.reduce(0.0) { $0 + Double($1 * $1) }.squareRoot() / Double(x.count).squareRoot()
        for direction in directions {
            let expected = zip(gradient, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let numeric = derivative(along: direction)
            #expect(
                abs(numeric - expected) < 0.01 * max(abs(expected), size),
                "\(name): \(numeric) numerically, \(expected) by the backward pass"
            )
        }
    }

    @Test(arguments: [(16, 0), (24, 0), (37, 0), (37, 1)] as [(Int, Float)]) func normalisation(
        width c: Int,
        offset: Float
    ) {
        let norm = RMSNorm(width: c, epsilon: 1e-5, offset: offset)
        let rows = 5, x = Self.random(rows * c, seed: 1), weight = Self.random(c, seed: 2),
            dy = Self.random(rows * c, seed: 3)
        func forward(_ x: Values, _ weight: Values, rstd: inout Values) -> Values {
            var y = Values(repeating: 0, count: x.count)
            norm.forward(x, weight: weight, rows: rows, into: &y, rstd: &rstd)
            return y
        }
        var rstd = Values(repeating: 0, count: rows), unused = rstd
        _ = forward(x, weight, rstd: &rstd)
        var dx = Values(repeating: 0, count: x.count), dWeight = Values(repeating: 0, count: c)
        norm.backward(dy, x, weight: weight, rstd: rstd, rows: rows, addingTo: &dx, &dWeight)
        check("x", at: x, gradient: dx, dy: dy) { forward($0, weight, rstd: &unused) }
        check("weight", at: weight, gradient: dWeight, dy: dy) { forward(x, $0, rstd: &unused) }
    }

    @Test(arguments: [ModelConfiguration.Activation.silu, .geluTanh], [16, 24, 37]) func gatedActivation(
        function: ModelConfiguration.Activation,
        width f: Int
    ) {
        let rows = 4, x = Self.random(rows * 2 * f, seed: 4), dy = Self.random(rows * f, seed: 5)
        var dx = Values(repeating: 0, count: x.count)
        GatedUnit.backward(function, dy, x, rows: rows, width: f, into: &dx)
        check("gate and up", at: x, gradient: dx, dy: dy) {
            var y = Values(repeating: 0, count: rows * f)
            GatedUnit.forward(function, $0, rows: rows, width: f, into: &y)
            return y
        }
    }

    @Test(arguments: [8, 32, 40]) func rotation(headDimension d: Int) {
        let rotary = RotaryEmbedding(headDimension: d, theta: 1000, positions: 16), heads = 3
        let x = Self.random(heads * d, seed: 6), dy = Self.random(heads * d, seed: 7)
        func turned(_ x: Values, backward: Bool) -> Values {
            var y = x
            rotary.apply(&y, heads: heads, position: 11, backward: backward)
            return y
        }
        check("queries and keys", at: x, gradient: turned(dy, backward: true), dy: dy) { turned($0, backward: false) }
    }

    private static let attentions = [
        CausalAttention(heads: 4, keyValueHeads: 2, headDimension: 6),
        CausalAttention(heads: 2, keyValueHeads: 2, headDimension: 16),
        CausalAttention(heads: 6, keyValueHeads: 1, headDimension: 32),
        CausalAttention(heads: 3, keyValueHeads: 3, headDimension: 40),
        CausalAttention(heads: 4, keyValueHeads: 2, headDimension: 6, scale: 0.7, softcap: 1.5),
        CausalAttention(heads: 2, keyValueHeads: 1, headDimension: 16, window: 1),
        CausalAttention(heads: 2, keyValueHeads: 1, headDimension: 16, window: 5),
        CausalAttention(heads: 2, keyValueHeads: 2, headDimension: 8, window: 19, softcap: 2),
    ]

    @Test(arguments: attentions, [11, 37, 70]) func attention(layer: CausalAttention, length t: Int) {
        let (heads, keyValueHeads, d) = (layer.heads, layer.keyValueHeads, layer.headDimension)
        let x = Self.random(t * layer.rowWidth, seed: 8, deviation: 0.7),
            dy = Self.random(t * layer.outputWidth, seed: 9)
        var probabilities = Values(repeating: .nan, count: layer.probabilityCount(PackedBatch.Sequence(length: t)))
        var scratch = Values(repeating: .nan, count: layer.wholeScratchCount(length: t))
        func forward(_ x: Values, _ probabilities: inout Values) -> Values {
            var y = Values(repeating: .nan, count: dy.count)
            layer.wholeForward(x, length: t, into: &y, probabilities: &probabilities, scratch: &scratch)
            return y
        }
        let y = forward(x, &probabilities)
        // The first token sees itself alone: its output is its own value.
        let value = (heads + keyValueHeads) * d
        for i in 0..<d { #expect(abs(y[i] - x[value + i]) < 1e-6) }
        var dx = Values(repeating: .nan, count: x.count)
        layer.wholeBackward(dy, x, probabilities: &probabilities, length: t, into: &dx, scratch: &scratch)
        var unused = probabilities
        check("queries, keys and values", at: x, gradient: dx, dy: dy) { forward($0, &unused) }

        // Without probabilities that are kept it computes the same, to the bit.
        var again = Values(repeating: .nan, count: y.count), dAgain = Values(repeating: .nan, count: x.count)
        layer.wholeForward(x, length: t, into: &again, probabilities: nil, scratch: &scratch)
        scratch = Values(repeating: .nan, count: scratch.count)
        layer.wholeBackward(dy, x, probabilities: nil, length: t, into: &dAgain, scratch: &scratch)
        #expect(again == y && dAgain == dx)
    }

    /// Every weight by the definition, in Double.
    @Test(arguments: attentions) func attentionIsItsDefinition(layer: CausalAttention) {
        let t = 23, d = layer.headDimension, x = Self.random(t * layer.rowWidth, seed: 18)
        var y = Values(repeating: .nan, count: t * layer.outputWidth),
            scratch = Values(repeating: .nan, count: layer.wholeScratchCount(length: t))
        layer.wholeForward(x, length: t, into: &y, probabilities: nil, scratch: &scratch)
        for (i, head) in [(0, 0), (1, 0), (7, layer.heads - 1), (22, 1)] {
            let kv = head / (layer.heads / layer.keyValueHeads)
            let seen = max(0, i - (layer.window ?? t) + 1)...i
            let weights = seen.map { j -> Double in
                let dot = (0..<d).reduce(0.0) {
                    $0 + Double(x[i * layer.rowWidth + head * d + $1])
                        * Double(x[j * layer.rowWidth + (layer.heads + kv) * d + $1])
                }
                let score = dot * Double(layer.scale)
                return (layer.softcap.map { Double($0) * tanh(score / Double($0)) } ?? score)
            }
            let peak = weights.max()!, total = weights.reduce(0) { $0 + exp($1 - peak) }
            for column in 0..<d {
                let expected = zip(seen, weights).reduce(0.0) {
                    $0 + exp($1.1 - peak) / total
                        * Double(x[$1.0 * layer.rowWidth + (layer.heads + layer.keyValueHeads + kv) * d + column])
                }
                #expect(abs(Double(y[i * layer.outputWidth + head * d + column]) - expected) < 1e-5)
            }
        }
    }

    @Test(arguments: [MatrixBackend.panels, .openBLAS]) func projection(backend: MatrixBackend) {
        let weights = TinyModels.weights(TinyModels.configuration(), seed: 10), rows = 13
        let layer = ProjectionBank(weights, backend: backend).layers[1].gateUp
        let x = Self.random(rows * layer.inputs, seed: 11), dy = Self.random(rows * layer.outputs, seed: 12)
        func with(_ w: Values) -> ProjectionBank {
            let moved = weights.copy()
            for i in w.indices { moved.buffer.pointer[layer.offset + i] = w[i] }
            return ProjectionBank(moved, backend: backend)
        }
        func forward(_ bank: ProjectionBank, _ x: Values) -> Values {
            var y = Values(repeating: .nan, count: dy.count)
            ProjectionPass(bank).forward(layer, x, rows: rows, into: &y)
            return y
        }
        let w = Array(weights.buffer.values[layer.offset..<(layer.offset + layer.inputs * layer.outputs)]),
            bank = with(w)
        let products = ProjectionPass(bank)
        var dx = Values(repeating: .nan, count: x.count)
        let gradients = FloatBuffer(count: weights.layout.count)
        dy.withUnsafeBufferPointer {
            let gradient = products.outputGradient(layer, $0.baseAddress!, rows: rows)
            products.backwardInput(layer, gradient, rows: rows, into: &dx)
            products.backwardWeight(layer, gradient, x, rows: 0..<rows, into: gradients.pointer + layer.offset)
        }
        check("x", at: x, gradient: dx, dy: dy) { forward(bank, $0) }
        check("W", at: w, gradient: Array(gradients.values[layer.offset..<(layer.offset + w.count)]), dy: dy) {
            forward(with($0), x)
        }
    }

    @Test(arguments: [true, false]) func vocabularyHead(tied: Bool) {
        let c = TinyModels.configuration(tied: tied), weights = TinyModels.weights(c, seed: 13), rows = 19
        let head = VocabularyHead(c), place = ProjectionBank(weights).head
        let hidden = Self.random(rows * c.hiddenSize, seed: 14), lossWeights = Self.random(rows, seed: 15)
        var stream = RandomStream(key: 16)
        let targets = (0..<rows).map { _ in Int32(stream.integer(below: c.vocabularySize)) }
        func with(_ w: Values) -> ProjectionBank {
            let moved = weights.copy()
            for i in w.indices { moved.buffer.pointer[place.offset + i] = w[i] }
            return ProjectionBank(moved)
        }
        var logits = Values(repeating: .nan, count: head.logitsCount)
        func logprobs(_ bank: ProjectionBank, _ hidden: Values) -> Values {
            var y = Values(repeating: .nan, count: rows)
            head.logprobs(
                hidden,
                targets: targets,
                rows: rows,
                products: ProjectionPass(bank),
                logits: &logits,
                into: &y
            )
            return y
        }
        let w = Array(weights.buffer.values[place.offset..<(place.offset + place.inputs * place.outputs)]),
            bank = with(w)
        var written = Values(repeating: .nan, count: rows), dHidden = Values(repeating: .nan, count: hidden.count)
        let gradients = FloatBuffer(count: weights.layout.count)
        head.forwardBackward(
            hidden,
            targets: targets,
            weights: lossWeights,
            rows: rows,
            products: ProjectionPass(bank),
            logits: &logits,
            into: &written,
            dHidden: &dHidden,
            gradients: WeightGradients(gradients)
        )
        #expect(zip(written, logprobs(bank, hidden)).allSatisfy { abs($0 - $1) < 1e-5 })
        // L = -sum weight logprob.
        let dy = lossWeights.map { -$0 }
        check("hidden", at: hidden, gradient: dHidden, dy: dy) { logprobs(bank, $0) }
        check("W", at: w, gradient: Array(gradients.values[place.offset..<(place.offset + w.count)]), dy: dy) {
            logprobs(with($0), hidden)
        }
    }
}

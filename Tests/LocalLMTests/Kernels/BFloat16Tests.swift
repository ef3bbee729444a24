import Testing
import TestSupport

@testable import LocalLM

@Suite struct BFloat16Tests {
    /// To the nearest, ties to even, by comparing with both neighbours.
    private static func rounded(_ x: Float) -> Float {
        guard x.isFinite else { return x }
        let below = Float(bitPattern: x.bitPattern & 0xFFFF_0000),
            above = Float(bitPattern: (x.bitPattern & 0xFFFF_0000) &+ 0x1_0000)
        let down = Double(x.magnitude) - Double(below.magnitude)
        // Beyond the largest number the next step would be 2^128.
        let up = (above.isFinite ? Double(above.magnitude) : 0x1p128) - Double(x.magnitude)
        if down == up { return below.bitPattern & 0x1_0000 == 0 ? below : above }
        return down < up ? below : above
    }

    @Test func operandsAreRoundedToTheNearest() {
        var random = RandomStream(key: 1)
        var values: [Float] = [
            0, -0, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude,
            1, 1.00390625, 1.01171875,
        ]
        for _ in 0..<20_003 {
            let x = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            if !x.isNaN { values.append(x) }
        }
        let expected = values.map(Self.rounded)
        var halves = [UInt16](repeating: 0, count: values.count)
        for set in InstructionSet.allCases where set <= .processor {
            halves = halves.map { _ in 0 }
            BFloat16.convert(values, values.count, into: &halves, kernels: TileKernels(set))
            #expect(halves == expected.map { UInt16($0.bitPattern >> 16) }, "\(set)")
        }
        var floats = halves.map(BFloat16.widened)
        #expect(floats.map(\.bitPattern) == expected.map(\.bitPattern))
        let strange: [Float] = [
            Float(bitPattern: 0x7FFF_FFFF), Float(bitPattern: 0xFFFF_FFFF), Float(bitPattern: 0x7F80_0001),
        ]
        for set in InstructionSet.allCases where set <= .processor {
            BFloat16.convert(strange, 3, into: &halves, kernels: TileKernels(set))
            floats = halves.prefix(3).map(BFloat16.widened)
            #expect(floats.filter(\.isNaN).count == 3)
            // The same whole vector at a time.
            let many = (0..<48).map { strange[$0 % 3] }
            var rounded = [UInt16](repeating: 0, count: 48)
            BFloat16.convert(many, 48, into: &rounded, kernels: TileKernels(set))
            #expect(rounded.allSatisfy { BFloat16.widened($0).isNaN }, "\(set)")
        }
    }

    /// Up or down at random, but the mean of many is the number itself; exact numbers stay.
    @Test func randomRoundingHasNoBias() {
        let values: [Float] = (0..<67).map {
            Float(sign: $0 % 2 == 0 ? .plus : .minus, exponent: $0 % 9 - 4, significand: 1 + Float($0) / 67)
        }
        for set in InstructionSet.allCases where set <= .processor {
            var sums = [Double](repeating: 0, count: values.count)
            let keys = 4000
            for key in 0..<keys {
                var halves = [UInt16](repeating: 0, count: values.count)
                BFloat16.convertAtRandom(
                    values,
                    values.count,
                    key: UInt32(truncatingIfNeeded: RandomKey.derive(UInt64(key), "test")),
                    index: 1000,
                    into: &halves,
                    kernels: TileKernels(set)
                )
                for (i, half) in halves.enumerated() {
                    let down = UInt16(values[i].bitPattern >> 16)
                    #expect(half == down || (half == down + 1 && values[i].bitPattern & 0xFFFF != 0))
                    sums[i] += Double(BFloat16.widened(half))
                }
            }
            for (i, x) in values.enumerated() {
                let step =
                    Double(Float(bitPattern: (x.bitPattern & 0xFFFF_0000) + 0x1_0000).magnitude)
                    - Double(Float(bitPattern: x.bitPattern & 0xFFFF_0000).magnitude)
                // Five standard errors of a share of one half.
                #expect(
                    abs(sums[i] / Double(keys) - Double(x)) <= 5 * step * 0.5 / Double(keys).squareRoot(),
                    "\(set) \(x)"
                )
            }
        }
    }

    /// Where a number stands decides, not what is rounded with it, nor the instruction set.
    @Test func randomRoundingGoesByTheIndex() {
        var random = RandomStream(key: 5)
        let values = (0..<203).map { _ in Float(random.normal()) } + [.nan, .infinity, -.infinity, 0, -0.0]
        func rounded(_ range: Range<Int>, _ key: UInt32, _ set: InstructionSet) -> [UInt16] {
            var halves = [UInt16](repeating: 0, count: range.count)
            BFloat16.convertAtRandom(
                Array(values[range]),
                range.count,
                key: key,
                index: 77 + range.lowerBound,
                into: &halves,
                kernels: TileKernels(set)
            )
            return halves
        }
        let all = rounded(values.indices, 9, .avx2)
        for set in InstructionSet.allCases where set <= .processor { #expect(rounded(values.indices, 9, set) == all) }
        #expect(rounded(0..<50, 9, .avx2) + rounded(50..<values.count, 9, .avx2) == all)
        #expect(rounded(values.indices, 10, .avx2) != all)
        #expect(BFloat16.widened(all[203]).isNaN && Array(all[204...]) == [0x7F80, 0xFF80, 0, 0x8000])
    }

    /// Steps that are too small for bf16 are there on the average: a fifth of the way to the next number moves a fifth
    /// of the weights. Both copies of a matrix have the same numbers.
    @Test func smallStepsAreNotLost() {
        let weights = TinyModels.weights(TinyModels.configuration(), seed: 3)
        weights.buffer.round()
        let bank = ProjectionBank(weights, precision: .bf16), products = ProjectionPass(bank)
        let layer = bank.layers[1].gateUp, i = layer.inputs, o = layer.outputs
        func identity(_ n: Int) -> [Float] { (0..<n * n).map { $0 / n == $0 % n ? 1 : 0 } }
        /// The weights that the products of the forward and of the backward pass see, outputs x inputs.
        func copies() -> (forward: [Float], backward: [Float]) {
            var columns = [Float](repeating: 0, count: i * o), rows = columns
            products.forward(layer, identity(i), rows: i, into: &columns)
            identity(o).withUnsafeBufferPointer {
                let gradient = products.outputGradient(layer, $0.baseAddress!, rows: o)
                products.backwardInput(layer, gradient, rows: o, into: &rows)
            }
            return ((0..<i * o).map { columns[$0 % i * o + $0 / i] }, rows)
        }
        let before = copies(), w = Array(weights.buffer.values[layer.offset..<layer.offset + i * o])
        #expect(before.forward == w && before.backward == w, "what bf16 has is exact")
        for k in 0..<i * o {
            let bits = w[k].bitPattern
            weights.buffer.pointer[layer.offset + k] = Float(bitPattern: bits + 0x1_0000 / 5)
        }
        func moved(_ step: Int) -> Double {
            bank.repack(part: 0, of: 1, step: step)
            let now = copies()
            #expect(now.forward == now.backward)
            return Double(zip(now.forward, w).count { $0 != $1 }) / Double(i * o)
        }
        let error = (0.2 * 0.8 / Double(i * o)).squareRoot()
        #expect(abs(moved(1) - 0.2) < 5 * error && abs(moved(2) - 0.2) < 5 * error)
        #expect(moved(0) == 0, "rounded to the nearest they would stay")
    }

    /// All three products of a layer are those of rounded operands.
    @Test func productsOfALayer() {
        let weights = TinyModels.weights(TinyModels.configuration(), seed: 3), rows = 13
        let products = ProjectionPass(ProjectionBank(weights, precision: .bf16)),
            layer = products.bank.layers[1].gateUp
        var random = RandomStream(key: 4)
        let x = (0..<rows * layer.inputs).map { _ in Float(random.normal()) },
            dy = (0..<rows * layer.outputs).map { _ in Float(random.normal()) }
        let w = weights.buffer.values[layer.offset..<layer.offset + layer.inputs * layer.outputs].map(Self.rounded)
        let rx = x.map(Self.rounded), rdy = dy.map(Self.rounded)
        var y = dy, dx = x, dW = w
        products.forward(layer, x, rows: rows, into: &y)
        dy.withUnsafeBufferPointer {
            let gradient = products.outputGradient(layer, $0.baseAddress!, rows: rows)
            products.backwardInput(layer, gradient, rows: rows, into: &dx)
            for part in [0..<5, 5..<rows] { products.backwardWeight(layer, gradient, x, rows: part, into: &dW) }
        }
        let i = layer.inputs, o = layer.outputs
        func worst(_ got: [Float], _ rows: Int, _ columns: Int, _ expected: (Int, Int) -> Double) -> Double {
            (0..<rows * columns).map { abs(Double(got[$0]) - expected($0 / columns, $0 % columns)) }.max()!
        }
        #expect(
            worst(y, rows, o) { r, c in (0..<i).reduce(0.0) { $0 + Double(rx[r * i + $1]) * Double(w[c * i + $1]) } }
                < 1e-4
        )
        #expect(
            worst(dx, rows, i) { r, c in (0..<o).reduce(0.0) { $0 + Double(rdy[r * o + $1]) * Double(w[$1 * i + c]) } }
                < 1e-4
        )
        #expect(
            worst(dW, o, i) { r, c in
                (0..<rows).reduce(Double(w[r * i + c])) { $0 + Double(rdy[$1 * o + r]) * Double(rx[$1 * i + c]) }
            } < 1e-4
        )
    }

    @Test func trainingInBFloat16FollowsFP32() throws {
        let c = TinyModels.configuration(), rows = TinyModels.examples(16, vocabulary: c.vocabularySize, seed: 6)
        let settings = OptimizationSettings(optimizer: .adamW, learningRate: 2e-3, schedule: .constant, totalSteps: 60)
        func losses(_ precision: Precision) throws -> [Double] {
            let trainer = try SFTTrainer(
                weights: TinyModels.weights(c, seed: 5),
                settings: settings,
                precision: precision,
                threads: 2
            )
            return try (0..<60).map { _ in try trainer.step(rows).loss }
        }
        let single = try losses(.fp32), half = try losses(.bf16)
        #expect(single != half)
        #expect(single[59] < 0.8 * single[0])
        let means = (single.reduce(0, +) / 60, half.reduce(0, +) / 60)
        #expect(abs(means.0 - means.1) < 0.01 * means.0, "\(means)")
    }
}

extension FloatBuffer {
    /// Each number to the nearest of bf16.
    func round() { for i in 0..<count { pointer[i] = BFloat16.widened(BFloat16.rounded(pointer[i])) } }
}
